/// IFEval's two accuracies over a set of replies, each strict and loose.
///
/// An item with an unscored instruction is left out as a whole, so that all four figures speak of the same items.
public struct IFEvalAccuracy: Hashable, Sendable {
    /// A share in the making.
    public struct Level: Hashable, Sendable {
        /// What was followed.
        public private(set) var passed = 0
        /// What was scored.
        public private(set) var total = 0

        /// A share from 0 to 1; nil without any scored item.
        public var accuracy: Double? { total == 0 ? nil : Double(passed) / Double(total) }

        mutating func add(_ passed: Bool) {
            total += 1
            self.passed += passed ? 1 : 0
        }
    }

    /// Items whose instructions are all followed.
    public private(set) var promptStrict = Level()
    /// The same by the loose reading.
    public private(set) var promptLoose = Level()
    /// Instructions that are followed.
    public private(set) var instructionStrict = Level()
    /// The same by the loose reading.
    public private(set) var instructionLoose = Level()
    /// Items that were left out.
    public private(set) var unscoredItems = 0

    /// Without any item yet.
    public init() {}

    /// Adds one item with the verdicts on all its instructions.
    public mutating func add(_ verdicts: [IFEvalVerdict]) {
        let strict = verdicts.compactMap(\.strict)
        let loose = verdicts.compactMap(\.loose)
        guard strict.count == verdicts.count, loose.count == verdicts.count else {
            unscoredItems += 1
            return
        }
        for passed in strict { instructionStrict.add(passed) }
        for passed in loose { instructionLoose.add(passed) }
        promptStrict.add(strict.allSatisfy { $0 })
        promptLoose.add(loose.allSatisfy { $0 })
    }

    /// The mean of the four accuracies, which IHEval reports for a setting.
    public var mean: Double? {
        let levels = [promptStrict, promptLoose, instructionStrict, instructionLoose].compactMap(\.accuracy)
        return levels.count == 4 ? levels.reduce(0, +) / 4 : nil
    }
}
