/// The arguments of one instruction, read by name, and the tables. An argument that is missing or wrong is an error
/// that names `kwargs.NAME`.
struct IFEvalArguments {
    let support: TextSupport
    private let fields: JSONField

    init(_ arguments: JSONValue, support: TextSupport) throws(EvaluationError) {
        self.support = support
        fields = JSONField(arguments == .null ? .object([]) : arguments, path: "kwargs")
        _ = try fields.members()
    }

    func text(_ name: String) throws(EvaluationError) -> PythonText { PythonText(try fields[name].string()) }

    func count(_ name: String, atLeast minimum: Int = 0) throws(EvaluationError) -> Int {
        try fields[name].int(atLeast: minimum)
    }

    /// A text that the official checker uses as a regular expression without escaping it.
    ///
    /// No such value in IFEval or IHEval holds a metacharacter, so it is searched literally; a value that holds one
    /// would mean something else there and is refused.
    func pattern(_ name: String) throws(EvaluationError) -> PythonText {
        try Self.literal(fields[name])
    }

    func patterns(_ name: String) throws(EvaluationError) -> [PythonText] {
        try fields[name].array().map { (field) throws(EvaluationError) in try Self.literal(field) }
    }

    /// `"less than"` or `"at least"`, with the threshold it applies to.
    func relation(_ name: String, threshold thresholdName: String) throws(EvaluationError) -> Relation {
        let threshold = try fields[thresholdName].int()
        switch try fields[name].string() {
        case "less than": return .lessThan(threshold)
        case "at least": return .atLeast(threshold)
        default: throw fields[name].unexpected("\"less than\" or \"at least\"")
        }
    }

    private static func literal(_ field: JSONField) throws(EvaluationError) -> PythonText {
        let text = try field.string()
        if let scalar = text.unicodeScalars.first(where: { ".^$*+?{}[]\\|()".unicodeScalars.contains($0) }) {
            throw EvaluationError(
                field: field.path,
                problem: "holds '\(scalar)', which the official scorer reads as part of a regular expression",
                remedy: "use a text without any of . ^ $ * + ? { } [ ] \\ | ( )")
        }
        return PythonText(text)
    }
}

/// A comparison of a count with a threshold.
enum Relation: Sendable {
    case lessThan(Int)
    case atLeast(Int)

    func holds(for count: Int) -> Bool {
        switch self {
        case .lessThan(let threshold): count < threshold
        case .atLeast(let threshold): count >= threshold
        }
    }
}
