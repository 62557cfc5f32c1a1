/// What is wrong with an input, where, and what to do about it.
///
/// `file`, `line` (1-based) and `field` are filled in by whoever knows them; a parser that knows only the field throws
/// without a file, and the reader adds it with ``located(file:line:)``.
public struct EvaluationError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The file at fault.
    public var file: String?
    /// Its line, counted from 1.
    public var line: Int?
    /// The field, as a path such as `kwargs.keywords[1]`.
    public var field: String?
    /// What is wrong.
    public var problem: String
    /// What mends it.
    public var remedy: String
    /// What to set otherwise, where that mends it; whoever knows how that is done (an option, a field) says so.
    public var setting: Setting?

    /// What can be set otherwise.
    public enum Setting: Sendable {
        /// Where the run is written, or which model judges.
        case output, judgeModel
    }

    /// An error with what is known of its place.
    public init(
        file: String? = nil, line: Int? = nil, field: String? = nil, problem: String, remedy: String,
        setting: Setting? = nil
    ) {
        self.file = file
        self.line = line
        self.field = field
        self.problem = problem
        self.remedy = remedy
        self.setting = setting
    }

    /// The same error with a place; what is already known is kept.
    public func located(file: String, line: Int? = nil) -> EvaluationError {
        var copy = self
        copy.file = file
        copy.line = self.line ?? line
        return copy
    }

    /// `FILE:LINE: field 'FIELD': PROBLEM; REMEDY`
    public var description: String {
        var text = ""
        if let file { text += file + (line.map { ":\($0)" } ?? "") + ": " }
        if let field { text += "field '\(field)': " }
        return text + problem + "; " + remedy
    }
}
