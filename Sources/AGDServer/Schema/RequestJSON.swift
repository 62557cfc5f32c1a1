import AttributionGuidedDecoding
import Foundation

extension JSONValue {
    /// A request's body.
    /// - Throws: ``APIError`` for bytes that aren't UTF-8 or aren't JSON.
    init(parsing body: Data) throws(APIError) {
        guard String(validating: body, as: UTF8.self) != nil else {
            throw .invalid("The body is not UTF-8.", param: nil)
        }
        // As in files, some programs put a byte-order mark before UTF-8.
        let text = body.starts(with: [0xEF, 0xBB, 0xBF]) ? body.dropFirst(3) : body
        do throws(JSONError) { try self.init(parsing: Array(text)) } catch {
            throw .invalid("The body is \(error).", param: nil)
        }
    }
}

extension JSONEncoder {
    /// As OpenAI's clients expect it: snake case, and the same bytes for the same values.
    static var api: JSONEncoder {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return encoder
    }
}
