import AttributionGuidedDecoding

/// How a request wants its tokens chosen.
struct StrategyRequest {
    enum Name: String { case greedy, sample, agd }

    private let name: Name
    private let agd: JSON
    private let sampling: Sampling.Options
    let rule: PropagationRule

    init(_ body: JSON, hasRegion: Bool) throws {
        agd = body["agd"] ?? [:]
        var sampling = Sampling.Options()
        sampling.temperature = body["temperature"]?.double ?? 0
        sampling.topK = body["top_k"]?.integer ?? 0
        sampling.topP = body["top_p"]?.double ?? 1
        sampling.minP = body["min_p"]?.double ?? 0
        sampling.seed = body["seed"]?.integer.map { UInt64(bitPattern: Int64($0)) } ?? .random(in: .min ... .max)
        let wanted = agd["strategy"]?.string.flatMap(Name.init)
        name = wanted ?? (hasRegion ? .agd : sampling.temperature > 0 ? .sample : .greedy)
        rule = agd["rule"]?.string.flatMap(PropagationRule.init) ?? .attnLRP
        if name != .sample, sampling.temperature > 0 {
            throw APIError.invalid(
                "'temperature' must be 0 with the strategy \(name.rawValue), which draws nothing; set it to 0 or take agd.strategy \"sample\".",
                param: "temperature")
        }
        if name == .sample, wanted == .sample, body["temperature"] == nil { sampling.temperature = 1 }
        if name == .agd, !hasRegion {
            throw APIError.invalid(
                "'agd.roi' is missing: the strategy agd needs a region, such as [\"system\"].", param: "agd.roi")
        }
        self.sampling = sampling
    }

    /// The strategy of one choice; with sampling each choice has a seed of its own.
    func strategy(region: RegionOfInterest, choice: Int) -> any DecodingStrategy {
        var candidates = CandidateRule()
        candidates.count = agd["candidates"]?.integer ?? candidates.count
        candidates.minimumProbability = agd["min_probability"]?.double ?? candidates.minimumProbability
        switch name {
        case .greedy: return Greedy(candidates: candidates)
        case .sample:
            var options = sampling
            options.seed &+= UInt64(choice)
            return Sampling(options, candidates: candidates)
        case .agd:
            return AttributionGuided(
                region: region, rule: rule, score: agd["score"]?.string.flatMap(AttributionGuided.Score.init) ?? .sum,
                candidates: candidates, entropyThreshold: entropyThreshold)
        }
    }

    private var entropyThreshold: Double? {
        agd["entropy_threshold"]?.string == "off"
            ? nil : agd["entropy_threshold"]?.double ?? AttributionGuided.paperEntropyThreshold
    }
}
