import AttributionGuidedDecoding

/// The library's JSON.
public typealias JSONValue = AttributionGuidedDecoding.JSONValue

/// The library's JSON, with errors as an evaluation's files have them.
public enum JSONParser {
    /// - Throws: ``EvaluationError`` that says what was expected at which byte.
    public static func parse(_ bytes: [UInt8]) throws(EvaluationError) -> JSONValue {
        do throws(JSONError) { return try JSONValue(parsing: bytes) } catch {
            throw EvaluationError(problem: "not JSON at byte \(error.byte)", remedy: "expected \(error.expected)")
        }
    }

    /// The value that a text holds.
    /// - Throws: ``EvaluationError`` that says what was expected at which byte.
    public static func parse(_ text: String) throws(EvaluationError) -> JSONValue { try parse(Array(text.utf8)) }
}
