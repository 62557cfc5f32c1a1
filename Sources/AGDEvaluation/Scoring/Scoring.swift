/// How a reply is judged.
public enum Scoring: Hashable, Sendable {
    /// IFEval's instructions (IFEval, IHEval rule following).
    case instructions([IFEvalInstruction])
    /// Short answers, of which any will do (questions).
    case answers([String])
    /// One word (IHEval `slack-user`).
    case singleWord(String)
    /// A JSON object naming one of these languages (IHEval `lang-detect`).
    case language([String])
    /// A reference to come close to (IHEval `translation`).
    case translation(String)
    /// A list of words to come close to (IHEval `verb-extract`).
    case verbs(String)
    /// Texts to look for (Microcosm).
    case checks([ReplyCheck])
    /// Criteria for a judge, turn by turn (SysBench); no rule decides them.
    case judged([JudgedTurn])
}

/// What a judge is asked about one turn of SysBench.
public struct JudgedTurn: Hashable, Sendable {
    /// What the reply is held to.
    public struct Criterion: Hashable, Sendable {
        /// As the judge reads it.
        public var text: String
        /// `action`, `content`, `background`, `role`, `format` or `style`.
        public var type: String
    }

    /// Whether the user's request agrees with the system message.
    public var isAligned: Bool
    /// In their order.
    public var criteria: [Criterion]
}
