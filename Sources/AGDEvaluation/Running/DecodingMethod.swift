import AttributionGuidedDecoding

/// A way of decoding, as a run records it: everything besides model and item that decides what comes out.
public struct DecodingMethod: Codable, Hashable, Sendable {
    public enum Strategy: String, Codable, Sendable, CaseIterable {
        case greedy, sample, agd
        case agdReverse = "agd-reverse"
        case agdBlend = "agd-blend"
        case cad, dola
        case regionPrompt = "region-prompt"

        /// Whether it scores by relevance, so that rule, score and gate have an effect.
        public var isGuided: Bool { [.agd, .agdReverse, .agdBlend].contains(self) }
        public var needsRegion: Bool { isGuided || self == .cad || self == .regionPrompt }
    }
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
    /// Of `sample`; nil is the default of ``Sampling``.
    public var temperature, topP, minP: Double?
    public var topK: Int?
    public var seed: UInt64 = 0
    /// Of `cad`.
    public var alpha = 1.0
    /// Of `dola`: `low`, `high` or layers such as `0,2,4`.
    public var dolaLayers = "high"
    /// Of `dola`; 1 is off.
    public var repetitionPenalty = 1.0
    /// Of `agd-blend`: weight of the standardised score.
    public var lambda = 1.0
    /// Of `dola` and `agd-blend`: least share of the most probable token's probability; nil is the strategy's default.
    public var plausibility: Double?
    /// A region that takes the place of the items' own, such as attention heads.
    public var regions: [String] = []

    public init(_ strategy: Strategy) { self.strategy = strategy }

    /// A short name for tables, such as `agd excess, tau 1.2, opposite region`.
    public var label: String {
        var parts = [strategy.rawValue]
        if strategy.isGuided {
            parts[0] += " \(score.rawValue)"
            if rule != .attnLRP { parts.append(rule.name) }
            if let entropyThreshold { parts.append("tau \(entropyThreshold)") }
            if strategy == .agdBlend { parts.append("lambda \(lambda)") }
            if strategy != .agdBlend, candidates != 5 || minimumProbability != 0.05 {
                parts.append("k \(candidates), p \(minimumProbability)")
            }
        }
        switch strategy {
        case .cad: parts.append("alpha \(alpha)")
        case .dola:
            parts.append("\(dolaLayers.contains(",") ? "layers " : "")\(dolaLayers)")
            if repetitionPenalty != 1 { parts.append("repetition penalty \(repetitionPenalty)") }
        case .sample:
            let options = [temperature.map { "t \($0)" }, topK.map { "top-k \($0)" }, topP.map { "top-p \($0)" }]
            parts += options.compactMap { $0 } + (minP.map { ["min-p \($0)"] } ?? []) + ["seed \(seed)"]
        default: break
        }
        if let plausibility { parts.append("plausibility \(plausibility)") }
        if !regions.isEmpty { parts.append(regions.joined(separator: " ")) }
        if side == .opposite { parts.append("opposite region") }
        return parts.joined(separator: ", ")
    }

    /// The regions that guide on an item: the method's own, or the item's.
    func regions(of item: EvaluationItem) throws -> [RegionSpecification] {
        let named = regions.isEmpty ? (side == .region ? item.region : item.oppositeRegion) : regions
        return try named.map { try RegionSpecification($0) }
    }

    /// What is to be decoded, and how: methods that guide by words or leave words out have prompts of their own.
    ///
    /// - Parameters:
    ///   - reverse: of the backward passes of `agd-reverse`.
    /// - Throws: ``EvaluationError`` for a method that needs a region where there is none; ``RegionError``.
    public func decoding(
        of prompt: Prompt, regions: [RegionSpecification], with model: LanguageModel,
        reverse: ReverseAttribution.Options = .init(), tangents: TangentSchedule = .withEachStep
    ) throws -> (prompt: Prompt, strategy: any DecodingStrategy) {
        guard !strategy.needsRegion || !regions.isEmpty else {
            throw EvaluationError(
                field: "region", problem: "\(strategy.rawValue) needs a region and there is none",
                remedy: "name one", setting: .region)
        }
        let rule = CandidateRule(count: candidates, minimumProbability: minimumProbability)
        switch strategy {
        case .greedy: return (prompt, Greedy(candidates: rule))
        case .sample:
            var options = Sampling.Options()
            options.temperature = temperature ?? options.temperature
            options.topK = topK ?? options.topK
            options.topP = topP ?? options.topP
            options.minP = minP ?? options.minP
            options.seed = seed
            return (prompt, Sampling(options, candidates: rule))
        case .cad:
            let without = try model.prompt(prompt, .remove, of: regions)
            return (prompt, ContextAware(without: without, alpha: alpha, candidates: rule))
        case .dola:
            return (
                prompt,
                try LayerContrast(
                    model, layers: try Self.layers(dolaLayers), plausibility: plausibility ?? 0.1,
                    repetitionPenalty: repetitionPenalty, candidates: rule)
            )
        case .regionPrompt: return (try model.prompt(prompt, .importance, of: regions), Greedy(candidates: rule))
        case .agd, .agdReverse, .agdBlend:
            let guided = AttributionGuided(
                region: try prompt.region(regions), rule: self.rule, score: score, candidates: rule,
                entropyThreshold: entropyThreshold, tangents: tangents)
            switch strategy {
            case .agdReverse: return (prompt, ReverseGuided(guided, model: model, options: reverse))
            case .agdBlend:
                return (prompt, BlendedGuidance(guided, lambda: lambda, plausibility: plausibility ?? 0.01))
            default: return (prompt, guided)
            }
        }
    }

    /// The layers that `low`, `high` or a list of numbers names.
    /// - Throws: ``EvaluationError`` for anything else.
    public static func layers(_ text: String) throws(EvaluationError) -> LayerContrast.Layers {
        if text == "low" { return .low }
        if text == "high" { return .high }
        let numbers = text.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
        guard !numbers.isEmpty, numbers.allSatisfy({ $0 != nil }) else {
            throw EvaluationError(
                field: "DoLa layers", problem: "'\(text)' names no layers",
                remedy: "give low, high or a list such as 0,2,4")
        }
        return .layers(numbers.compactMap { $0 })
    }
}
