/// One verifiable instruction of IFEval: which checker, and with which arguments.
public struct IFEvalInstruction: Hashable, Sendable {
    /// For example `length_constraints:number_words`.
    public var id: String
    /// Keyword arguments by name; a null counts as absent.
    public var arguments: JSONValue

    /// An instruction by its checker.
    public init(id: String, arguments: JSONValue) {
        self.id = id
        self.arguments = arguments
    }
}

/// Whether a reply follows one instruction, or each of several.
///
/// `nil` means unscored: a table is missing, or the official checker decides at random.
public struct IFEvalVerdict: Hashable, Sendable {
    /// The reply as it is.
    public var strict: Bool?
    /// At least one of eight variants of the reply; never stricter than `strict`.
    public var loose: Bool?

    /// A verdict by both readings.
    public init(strict: Bool?, loose: Bool?) {
        self.strict = strict
        self.loose = loose
    }
}
