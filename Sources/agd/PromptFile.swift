import ArgumentParser
import AttributionGuidedDecoding
import Foundation

/// Prompts and conversations in files, as editors and other programs write them.
extension PromptOptions {
    /// Bytes; devices have no end.
    private static let largest = 8 << 20

    /// A raw prompt: UTF-8, without the byte-order mark and the carriage returns that some programs write.
    static func text(ofFile path: String) throws -> String {
        guard let text = String(validating: try contents(path), as: UTF8.self) else {
            throw ValidationError("\(path): not UTF-8 text. Convert the file to UTF-8.")
        }
        return text.replacing("\r\n", with: "\n")
    }

    /// A conversation: messages as OpenAI's API takes them, in an array or as the member `messages` of an object.
    static func conversation(inFile path: String) throws -> [ChatMessage] {
        struct Document: Decodable { var messages: [FileMessage] }
        let data = Data(try text(ofFile: path).utf8)
        do {
            let isArray = data.first { !" \t\r\n".utf8.contains($0) } == UInt8(ascii: "[")
            let messages =
                isArray
                ? try JSONDecoder().decode([FileMessage].self, from: data)
                : try JSONDecoder().decode(Document.self, from: data).messages
            guard !messages.isEmpty else {
                throw ValidationError("\(path): there are no messages. \(expected)")
            }
            return messages.map(\.message)
        } catch let error as ValidationError {
            throw error
        } catch DecodingError.keyNotFound(let key, let context) {
            throw ValidationError(
                "\(path): \(place(context))'\(key.stringValue)' is missing. Each message has a role and a content.")
        } catch DecodingError.typeMismatch(_, let context) {
            throw ValidationError(
                "\(path): \(place(context))\(context.debugDescription) Each message has a role and a content, both strings."
            )
        } catch {
            throw ValidationError("\(path): not valid JSON. \(expected)")
        }
    }

    private static let expected = "Expected [{\"role\": \"user\", \"content\": \"…\"}, …]."

    private static func place(_ context: DecodingError.Context) -> String {
        let path = context.codingPath.map { $0.intValue.map { "[\($0)]" } ?? $0.stringValue }.joined(separator: " ")
        return path.isEmpty ? "" : "\(path): "
    }

    private static func contents(_ path: String) throws -> Data {
        let data: Data
        do {
            let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
            data = try file.read(upToCount: largest + 1) ?? Data()
            try file.close()
        } catch {
            throw ValidationError("\(path): can't be read. Check that it is a file, exists and may be read.")
        }
        guard data.count <= largest else {
            throw ValidationError(
                "\(path): larger than \(largest >> 20) MiB, more than any context holds. Give a shorter prompt.")
        }
        return data.starts(with: [0xEF, 0xBB, 0xBF]) ? data.dropFirst(3) : data
    }
}

/// A message as OpenAI's API takes it: the content a text, or parts of type `text`; an assistant's may be null; `developer`
/// is another word for system.
private struct FileMessage: Decodable {
    let message: ChatMessage

    private enum CodingKeys: String, CodingKey {
        case role, content
        case toolCalls = "tool_calls"
    }
    private struct Part: Decodable { var type: String, text: String? }
    private struct Anything: Decodable { init(from decoder: any Decoder) {} }

    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        let role = try fields.decode(String.self, forKey: .role)
        if try fields.decodeIfPresent([Anything].self, forKey: .toolCalls)?.isEmpty == false {
            throw Self.mismatch(fields, .toolCalls, "Calls of tools can't be told to the model from a file.")
        }
        message = ChatMessage(
            role: role == "developer" ? "system" : role,
            content: try Self.content(fields, isAssistant: role == "assistant"))
    }

    private static func content(
        _ fields: KeyedDecodingContainer<CodingKeys>, isAssistant: Bool
    ) throws -> String {
        let isAbsent = try !fields.contains(.content) || fields.decodeNil(forKey: .content)
        if isAbsent, isAssistant { return "" }
        if isAbsent, fields.contains(.content) {
            throw mismatch(fields, .content, "Expected a text but found null instead.")
        }
        do { return try fields.decode(String.self, forKey: .content) } catch DecodingError.typeMismatch {
            return try fields.decode([Part].self, forKey: .content).map { part in
                guard part.type == "text", let text = part.text else {
                    throw mismatch(
                        fields, .content, "There is a part of type '\(part.type)', and only text can be read.")
                }
                return text
            }.joined()
        }
    }

    private static func mismatch(
        _ fields: KeyedDecodingContainer<CodingKeys>, _ key: CodingKeys, _ problem: String
    ) -> DecodingError {
        .typeMismatch(
            String.self,
            DecodingError.Context(codingPath: fields.codingPath + [key], debugDescription: problem))
    }
}
