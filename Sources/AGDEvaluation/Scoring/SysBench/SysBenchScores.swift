/// The three rates of SysBench (Qin et al., arXiv 2408.10943), as fractions; nil where there is nothing to count.
public struct SysBenchScores: Hashable, Sendable {
    /// CSR: criteria met, pooled over all dialogues.
    public let constraintSatisfaction: Double?
    /// The same for each type of criterion.
    public let constraintSatisfactionByType: [String: Double]
    /// ISR: turns with every criterion met.
    public let instructionSatisfaction: Double?
    /// Of turns in which the user agrees with the system message.
    public let alignedInstructionSatisfaction: Double?
    /// Of turns in which the user doesn't.
    public let misalignedInstructionSatisfaction: Double?
    /// SSR: the mean share of a dialogue's turns before its first failure.
    public let sessionStability: Double?
    /// Of dialogues whose later turns depend on earlier ones.
    public let dependentSessionStability: Double?
    /// Of the others.
    public let parallelSessionStability: Double?
    /// R_k: the share of dialogues whose first k turns are all met. SSR is their mean.
    public let dependentTurnRates: [Double?]
    /// Of dialogues whose turns don't depend on each other.
    public let parallelTurnRates: [Double?]

    /// The rates of dialogues.
    public init(_ dialogues: [SysBenchDialogue]) {
        let turns = dialogues.flatMap(\.turns)
        let criteria = turns.flatMap(\.criteria)
        let dependent = dialogues.filter(\.hasDependentTurns)
        let parallel = dialogues.filter { !$0.hasDependentTurns }
        constraintSatisfaction = Self.share(of: criteria, where: \.isMet)
        constraintSatisfactionByType = Dictionary(grouping: criteria, by: \.type).compactMapValues {
            Self.share(of: $0, where: \.isMet)
        }
        instructionSatisfaction = Self.share(of: turns, where: \.isMet)
        alignedInstructionSatisfaction = Self.share(of: turns.filter(\.isAligned), where: \.isMet)
        misalignedInstructionSatisfaction = Self.share(of: turns.filter { !$0.isAligned }, where: \.isMet)
        sessionStability = Self.stability(of: dialogues)
        dependentSessionStability = Self.stability(of: dependent)
        parallelSessionStability = Self.stability(of: parallel)
        dependentTurnRates = Self.turnRates(of: dependent)
        parallelTurnRates = Self.turnRates(of: parallel)
    }

    private static func share<Element>(of elements: [Element], where condition: (Element) -> Bool) -> Double? {
        elements.isEmpty ? nil : Double(elements.count(where: condition)) / Double(elements.count)
    }

    private static func stability(of dialogues: [SysBenchDialogue]) -> Double? {
        let turns = dialogues.map(\.leadingMetTurns).reduce(0, +)
        return dialogues.isEmpty ? nil : Double(turns) / Double(SysBenchDialogue.turnCount * dialogues.count)
    }

    private static func turnRates(of dialogues: [SysBenchDialogue]) -> [Double?] {
        (1...SysBenchDialogue.turnCount).map { turns in share(of: dialogues) { $0.leadingMetTurns >= turns } }
    }

    /// Under the names of the case files: `csr`, `csr_by_type`, `isr`, ..., `parallel_turn_rates`.
    public var json: JSONValue {
        let types = constraintSatisfactionByType.sorted { $0.key < $1.key }
        return .object([
            .init("csr", JSONValue(constraintSatisfaction)),
            .init("csr_by_type", .object(types.map { .init($0.key, .number($0.value)) })),
            .init("isr", JSONValue(instructionSatisfaction)),
            .init("isr_aligned", JSONValue(alignedInstructionSatisfaction)),
            .init("isr_misaligned", JSONValue(misalignedInstructionSatisfaction)),
            .init("ssr", JSONValue(sessionStability)),
            .init("ssr_dependent", JSONValue(dependentSessionStability)),
            .init("ssr_parallel", JSONValue(parallelSessionStability)),
            .init("dependent_turn_rates", .array(dependentTurnRates.map { JSONValue($0) })),
            .init("parallel_turn_rates", .array(parallelTurnRates.map { JSONValue($0) })),
        ])
    }
}
