/// Messages as OpenAI's API and HuggingFace's templates write them.
extension ChatMessage {
    /// Reads a message. `content` is a text, a list of parts of type `text`, which are put together, or null; a tool call's
    /// `arguments` are an object or the JSON of one; `developer` is another word for system.
    /// - Throws: ``ChatMessageError`` naming the field.
    public init(_ json: JSONValue) throws(ChatMessageError) {
        guard json.members != nil else {
            throw ChatMessageError(field: "", problem: "is \(json.kind), expected an object with a role and a content")
        }
        guard let role = try Self.text("role", in: json) else {
            throw ChatMessageError(field: "role", problem: "is missing; each message has a role and a content")
        }
        let calls = try Self.toolCalls(in: json)
        let saysNothing = json["content"] == nil || json["content"] == .null
        guard !saysNothing || role == "assistant" else {
            throw ChatMessageError(
                field: "content",
                problem: "is \(json["content"] == nil ? "missing" : "null"); each message has a role and a content")
        }
        self.init(
            role: role == "developer" ? "system" : role, content: try Self.content(json["content"] ?? .null),
            reasoningContent: try Self.text("reasoning_content", in: json), toolCalls: calls,
            toolCallID: try Self.text("tool_call_id", in: json), name: try Self.text("name", in: json),
            trust: try Self.trust(in: json))
    }

    /// What no template is told.
    private static let trustKey = "agd_trust"

    private static func trust(in json: JSONValue) throws(ChatMessageError) -> Trust? {
        guard let name = try text(trustKey, in: json) else { return nil }
        guard let trust = Trust(rawValue: name) else {
            throw ChatMessageError(field: trustKey, problem: "is '\(name)', expected trusted or untrusted")
        }
        return trust
    }

    private static func text(_ key: String, in json: JSONValue) throws(ChatMessageError) -> String? {
        switch json[key] {
        case nil, .null: return nil
        case .string(let text): return text.isEmpty && key != "role" ? nil : text
        case let other?: throw ChatMessageError(field: key, problem: "is \(other.kind), expected a string")
        }
    }

    private static func content(_ json: JSONValue) throws(ChatMessageError) -> String {
        switch json {
        case .null: return ""
        case .string(let text): return text
        case .array(let parts):
            var content = ""
            for (index, part) in parts.enumerated() {
                guard part["type"] == nil || part["type"] == "text", let text = part["text"]?.string else {
                    throw ChatMessageError(
                        field: "content[\(index)]",
                        problem:
                            "is a part of type '\(part["type"]?.string ?? "")'; only parts of type text can be read")
                }
                content += text
            }
            return content
        default:
            throw ChatMessageError(
                field: "content", problem: "is \(json.kind), expected a string or a list of parts of type text")
        }
    }

    private static func toolCalls(in json: JSONValue) throws(ChatMessageError) -> [ToolCall] {
        guard let list = json["tool_calls"], list != .null else { return [] }
        guard let calls = list.array else {
            throw ChatMessageError(field: "tool_calls", problem: "is \(list.kind), expected a list")
        }
        var result: [ToolCall] = []
        for (index, call) in calls.enumerated() {
            let function = call["function"] ?? call
            guard let name = function["name"]?.string else {
                throw ChatMessageError(field: "tool_calls[\(index)].function.name", problem: "is missing")
            }
            result.append(
                ToolCall(
                    id: call["id"]?.string, name: name, arguments: ToolCall.parsed(function["arguments"] ?? .object([]))
                ))
        }
        return result
    }

    /// As a template reads it.
    /// - Parameter argumentsAsText: tool calls' arguments as JSON in a string, as OpenAI's API has them.
    func json(argumentsAsText: Bool = false) -> JSONValue {
        var members: [JSONValue.Member] = [.init("role", .string(role)), .init("content", .string(content))]
        if let reasoningContent { members.append(.init("reasoning_content", .string(reasoningContent))) }
        if !toolCalls.isEmpty {
            members.append(.init("tool_calls", .array(toolCalls.map { $0.json(argumentsAsText: argumentsAsText) })))
        }
        if let toolCallID { members.append(.init("tool_call_id", .string(toolCallID))) }
        if let name { members.append(.init("name", .string(name))) }
        return .object(members)
    }
}

extension ChatMessage.ToolCall {
    /// Text that is the JSON of an object as that object, for which templates are written.
    fileprivate static func parsed(_ arguments: JSONValue) -> JSONValue {
        guard case .string(let text) = arguments else { return arguments }
        do throws(JSONError) {
            let value = try JSONValue(parsing: text)
            return value.members == nil ? arguments : value
        } catch {
            return arguments
        }
    }

    fileprivate func json(argumentsAsText: Bool) -> JSONValue {
        let isText = argumentsAsText && arguments.string == nil
        let function = JSONValue.object([
            .init("name", .string(name)), .init("arguments", isText ? .string(arguments.text) : arguments),
        ])
        let call: [JSONValue.Member] = [.init("type", "function"), .init("function", function)]
        return .object((id.map { [.init("id", .string($0))] } ?? []) + call)
    }
}

extension ChatMessage: Codable {
    /// A message as OpenAI's API writes it.
    /// - Throws: `DecodingError` for what is no message.
    public init(from decoder: any Decoder) throws {
        let json = try JSONValue(from: decoder)
        do { try self.init(json) } catch {
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: "\(error)", underlyingError: error))
        }
    }

    /// Writes the message as OpenAI's API does.
    /// - Throws: what the encoder throws.
    public func encode(to encoder: any Encoder) throws {
        let trust = trust.map { [JSONValue.Member(Self.trustKey, .string($0.rawValue))] } ?? []
        try JSONValue.object((json().members ?? []) + trust).encode(to: encoder)
    }
}

/// A message that can't be read.
public struct ChatMessageError: Error, Equatable, Sendable, CustomStringConvertible {
    /// Which field of the message; empty for the message itself.
    public let field: String
    /// What is wrong with it.
    public let problem: String

    public var description: String { (field.isEmpty ? "the message " : "'\(field)' ") + problem }
}
