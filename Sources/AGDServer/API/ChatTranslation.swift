import AttributionGuidedDecoding

/// A request of another API in the words of chat completions, as which it is answered. What is wrong with it is said in its own
/// words.
struct ChatTranslation {
    /// A message, and where in the request it comes from.
    struct Turn {
        var role: String
        var content: String?
        var thoughts: String?
        var calls: [JSONValue] = []
        /// Which call it answers.
        var callID: String?
        var place: String
    }

    var turns: [Turn] = []
    private var fields: [JSONValue.Member] = []
    /// What the request calls parts of the translation, the most special ones first.
    private var names: [(chat: String, own: String)]

    /// Takes over what the request calls as chat completions do.
    /// - Parameter conversation: the request's field with the messages.
    init(_ body: JSONValue, conversation: String) {
        names = [("messages", conversation)]
        for field in Field.shared { set(field.name, to: body[field.name], from: field.name) }
    }

    /// - Parameter name: the request's own name for the field.
    mutating func set(_ field: String, to value: JSONValue?, from name: String) {
        guard let value else { return }
        fields.removeAll { $0.key == field }
        fields.append(.init(field, value))
        if field != name { call(field, name) }
    }

    /// Has errors of `field` speak of `name`.
    mutating func call(_ field: String, _ name: String) { names.insert((field, name), at: 0) }

    /// Has the request answered as one of chat completions.
    /// - Throws: what `work` throws; ``APIError`` with the request's own names.
    func callAsFunction<Result>(_ work: (JSONValue) throws -> Result) throws -> Result {
        let body = JSONValue.object([.init("messages", .array(turns.map(\.json)))] + fields)
        do {
            // A message of the request may have become many.
            try Self.check(turns.count, "messages", atMost: Limits.messages)
            try Self.check(body["documents"]?.array?.count ?? 0, "documents", atMost: Limits.documents)
            return try work(body)
        } catch let error as APIError {
            throw renamed(error)
        }
    }

    private static func check(_ count: Int, _ field: String, atMost most: Int) throws(APIError) {
        guard count > most else { return }
        throw .invalid("'\(field)' has \(count) \(field) in it; there may be \(most).", param: field)
    }

    private func renamed(_ error: APIError) -> APIError {
        guard let param = error.param, let name = name(of: param) else { return error }
        var error = error
        error.param = name
        error.message = error.message.replacing("'\(param)'", with: "'\(name)'")
        return error
    }

    private func name(of param: String) -> String? {
        if let index = param.firstMatch(of: /^messages\[([0-9]+)\]/).flatMap({ Int($0.1) }),
            turns.indices.contains(index)
        {
            return turns[index].place
        }
        guard let (chat, own) = names.first(where: { param == $0.chat || param.hasPrefix($0.chat + ".") }) else {
            return nil
        }
        return own + param.dropFirst(chat.count)
    }
}

extension ChatTranslation.Turn {
    /// As chat completions have it.
    fileprivate var json: JSONValue {
        let members: [(String, JSONValue?)] = [
            ("role", .string(role)), ("content", content.map(JSONValue.string)),
            ("reasoning_content", thoughts.map(JSONValue.string)), ("tool_calls", calls.isEmpty ? nil : .array(calls)),
            ("tool_call_id", callID.map(JSONValue.string)),
        ]
        return .object(members.compactMap { name, value in value.map { .init(name, $0) } })
    }
}

extension JSONValue {
    /// A call of a tool as chat completions have it.
    static func toolCall(id: JSONValue?, name: JSONValue?, arguments: JSONValue?) -> JSONValue {
        [
            "id": id ?? .null, "type": "function",
            "function": ["name": name ?? "", "arguments": arguments ?? .object([Member]())],
        ]
    }

    /// A tool's definition as chat completions have it.
    static func tool(_ tool: JSONValue, parameters: JSONValue?) -> JSONValue {
        let function = [
            ("name", tool["name"]), ("description", tool["description"]), ("parameters", parameters),
            ("strict", tool["strict"]),
        ]
        return [
            "type": "function",
            "function": .object(function.compactMap { name, value in value.map { Member(name, $0) } }),
        ]
    }

    /// A text, or the texts of parts put together, each in one of its fields.
    func joinedText(of fields: String...) -> String? {
        string ?? array?.map { part in fields.compactMap { part[$0]?.string }.joined() }.joined()
    }
}
