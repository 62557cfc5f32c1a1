/// A JSON value and the path by which it was reached, so that every complaint names its field.
///
///     let line = JSONField(try JSONParser.parse(text))
///     let relation = try line["kwargs"]["relation"].string()
///     // throws: field 'kwargs.relation': is a number; write a string
struct JSONField {
    let value: JSONValue?
    let path: String

    init(_ value: JSONValue?, path: String = "") {
        self.value = value
        self.path = path
    }

    subscript(key: String) -> JSONField { JSONField(value?[key], path: path.isEmpty ? key : "\(path).\(key)") }

    /// Absent or null.
    var isMissing: Bool { value == nil || value == .null }

    var optional: JSONField? { isMissing ? nil : self }

    func string() throws(EvaluationError) -> String {
        guard case .string(let text) = value else { throw unexpected("a string") }
        return text
    }

    func bool() throws(EvaluationError) -> Bool {
        guard case .bool(let flag) = value else { throw unexpected("true or false") }
        return flag
    }

    func int(atLeast minimum: Int = 0) throws(EvaluationError) -> Int {
        guard case .number(let number) = value, let integer = Int(exactly: number), integer >= minimum else {
            throw unexpected("a whole number of at least \(minimum)")
        }
        return integer
    }

    /// The elements, each a field `path[0]`, `path[1]`, ...
    func array() throws(EvaluationError) -> [JSONField] {
        guard case .array(let values) = value else { throw unexpected("an array") }
        return values.enumerated().map { JSONField($1, path: "\(path)[\($0)]") }
    }

    func strings() throws(EvaluationError) -> [String] {
        try array().map { (element) throws(EvaluationError) in try element.string() }
    }

    /// The members, each a field `path.key`.
    func members() throws(EvaluationError) -> [(key: String, field: JSONField)] {
        guard case .object(let members) = value else { throw unexpected("an object") }
        return members.map { ($0.key, JSONField($0.value, path: path.isEmpty ? $0.key : "\(path).\($0.key)")) }
    }

    /// A name as files give it: a string or a whole number.
    func identifier() throws(EvaluationError) -> String {
        if case .number(let number) = value, let integer = Int(exactly: number) { return String(integer) }
        guard case .string(let text) = value else { throw unexpected("a string or a whole number") }
        return text
    }

    func unexpected(_ wanted: String) -> EvaluationError {
        EvaluationError(
            field: path.isEmpty ? nil : path, problem: value.map { "is \($0.kind)\(Self.excerpt($0))" } ?? "is missing",
            remedy: "write \(wanted)")
    }

    private static func excerpt(_ value: JSONValue) -> String {
        switch value {
        case .number, .string: value.text.count <= 60 ? " (\(value.text))" : ""
        default: ""
        }
    }
}
