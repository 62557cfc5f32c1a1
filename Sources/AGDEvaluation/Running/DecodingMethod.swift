import AttributionGuidedDecoding

/// A way of decoding, as a run records it: everything besides model and item that decides what comes out.
public struct DecodingMethod: Codable, Hashable, Sendable {
    public enum Strategy: String, Codable, Sendable, CaseIterable { case greedy, sample, agd }
    /// Which of an item's regions guides.
    public enum Side: String, Codable, Sendable, CaseIterable {
        /// What the benchmark wants to be followed.
        case region
        /// What stands against it, where the benchmark says so: the control.
        case opposite
    }

    public var strategy: Strategy
    public var side = Side.region
    public var rule = PropagationRule.attnLRP
    public var score = AttributionGuided.Score.sum
    public var candidates = 5
    public var minimumProbability = 0.05
    /// In nats; nil guides every step.
    public var entropyThreshold: Double?
    public var temperature: Double?
    public var seed: UInt64 = 0
    /// A region that takes the place of the items' own, such as attention heads.
    public var regions: [String] = []

    public init(_ strategy: Strategy) { self.strategy = strategy }

    /// A short name for tables, such as `agd excess, tau 1.2, opposite region`.
    public var label: String {
        guard strategy == .agd else { return strategy.rawValue }
        var parts = ["agd \(score.rawValue)"]
        if rule != .attnLRP { parts.append(rule.rawValue) }
        if let entropyThreshold { parts.append("tau \(entropyThreshold)") }
        if candidates != 5 || minimumProbability != 0.05 { parts.append("k \(candidates), p \(minimumProbability)") }
        if !regions.isEmpty { parts.append(regions.joined(separator: " ")) }
        if side == .opposite { parts.append("opposite region") }
        return parts.joined(separator: ", ")
    }

    /// The strategy for one item's prompt; nil where the item has no such region.
    func strategy(for item: EvaluationItem, _ prompt: Prompt) throws -> (any DecodingStrategy)? {
        let rule = CandidateRule(count: candidates, minimumProbability: minimumProbability)
        switch strategy {
        case .greedy: return Greedy(candidates: rule)
        case .sample:
            var options = Sampling.Options()
            options.temperature = temperature ?? options.temperature
            options.seed = seed
            return Sampling(options, candidates: rule)
        case .agd:
            let named = regions.isEmpty ? (side == .region ? item.region : item.oppositeRegion) : regions
            guard !named.isEmpty else { return nil }
            return AttributionGuided(
                region: try prompt.region(named.map { try RegionSpecification($0) }), rule: self.rule, score: score,
                candidates: rule, entropyThreshold: entropyThreshold)
        }
    }
}
