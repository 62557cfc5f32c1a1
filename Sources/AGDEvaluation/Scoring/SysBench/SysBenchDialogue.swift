/// A dialogue of SysBench with a judge's verdict on every criterion.
public struct SysBenchDialogue: Hashable, Sendable {
    /// SysBench has five user turns a dialogue, and its stability rate divides by five.
    public static let turnCount = 5

    /// A criterion with the judge's verdict.
    public struct Criterion: Hashable, Sendable {
        /// `action`, `content`, `background`, `role`, `format` or `style`.
        public var type: String
        /// The verdict.
        public var isMet: Bool

        /// A criterion of a type.
        public init(type: String, isMet: Bool) {
            self.type = type
            self.isMet = isMet
        }
    }

    /// A turn with its criteria.
    public struct Turn: Hashable, Sendable {
        /// Whether the user's request agrees with the system message.
        public var isAligned: Bool
        /// In their order.
        public var criteria: [Criterion]

        /// A turn.
        public init(isAligned: Bool, criteria: [Criterion]) {
            self.isAligned = isAligned
            self.criteria = criteria
        }

        /// Whether every criterion is.
        public var isMet: Bool { criteria.allSatisfy(\.isMet) }
    }

    /// Whether later turns depend on earlier ones.
    public var hasDependentTurns: Bool
    /// Five of them.
    public var turns: [Turn]

    /// - Throws: ``EvaluationError`` unless there are five turns.
    public init(hasDependentTurns: Bool, turns: [Turn]) throws(EvaluationError) {
        guard turns.count == Self.turnCount else {
            throw EvaluationError(
                field: "turns", problem: "holds \(turns.count) turns", remedy: "give \(Self.turnCount) turns a dialogue"
            )
        }
        self.hasDependentTurns = hasDependentTurns
        self.turns = turns
    }

    /// The number of turns before the first that isn't fully met.
    var leadingMetTurns: Int { turns.prefix(while: \.isMet).count }

    /// `{"rounds_related": BOOL, "turns": [{"alignment": "align" | "misalign", "criteria": [{"type", "met"}]}]}`
    init(_ field: JSONField) throws(EvaluationError) {
        let dependent = try field["rounds_related"].bool()
        let turns = try field["turns"].array().map { (turn) throws(EvaluationError) in
            let criteria = try turn["criteria"].array().map { (criterion) throws(EvaluationError) in
                Criterion(type: try criterion["type"].string(), isMet: try criterion["met"].bool())
            }
            guard let alignment = SysBenchAlignment(rawValue: try turn["alignment"].string()) else {
                throw turn["alignment"].unexpected("\"align\" or \"misalign\"")
            }
            return Turn(isAligned: alignment == .align, criteria: criteria)
        }
        do throws(EvaluationError) {
            try self.init(hasDependentTurns: dependent, turns: turns)
        } catch {
            var located = error
            located.field = field["turns"].path
            throw located
        }
    }
}

/// How files write whether a turn agrees with the system message.
enum SysBenchAlignment: String {
    case align, misalign
}
