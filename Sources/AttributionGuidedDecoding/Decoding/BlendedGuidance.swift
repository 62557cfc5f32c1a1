/// Guidance that weighs fluency against the region: of the plausible tokens the one with the largest
/// `log p + lambda * z(S)`, where z standardises the scores over these tokens.
///
/// Since one forward pass scores every token, the candidates needn't be few: a token that a top-k of five leaves out can
/// be lifted, which the paper (arXiv 2509.26307) names as its method's limitation.
public struct BlendedGuidance: DecodingStrategy {
    public let name = "agd-blend"
    /// Weight of one standard deviation of the score, in nats of log-probability; 0 is greedy.
    public let lambda: Double
    /// Tokens with less than this share of the most probable one's probability are implausible.
    public let plausibility: Double
    /// Share of the most probable token's probability that a token needs unless another is given.
    public static let standardPlausibility = 0.01
    /// Plausible tokens at most.
    public let count: Int
    /// Tokens that are weighed unless another number is given.
    public static let standardCount = 50
    private let guided: AttributionGuided

    /// - Parameters:
    ///   - guided: region, rule, score and gate; its candidate rule is not used.
    ///   - lambda: weight of one standard deviation of the score, in nats.
    ///   - plausibility: least share of the most probable token's probability.
    ///   - count: plausible tokens at most.
    public init(
        _ guided: AttributionGuided, lambda: Double = 1, plausibility: Double = standardPlausibility,
        count: Int = standardCount
    ) {
        self.guided = guided
        self.lambda = lambda
        self.plausibility = plausibility
        self.count = count
    }

    public var needs: StrategyNeeds { guided.needs }

    public mutating func choose(_ context: borrowing DecodingContext) throws -> Choice {
        let distribution = context.distribution
        let greedy = distribution.mostProbable
        let floor = plausibility * Double(distribution.probabilities[greedy])
        let plausible = CandidateRule(count: count, minimumProbability: floor).candidates(distribution)
        if let threshold = guided.entropyThreshold, distribution.entropy < threshold {
            return Choice(token: greedy, guided: false, candidates: plausible)
        }
        var scored = AttributionGuided.scored(plausible, try context.relevance(of: plausible.map(\.id)))
        let standardised = scored.map { $0.score ?? 0 }.standardised
        for index in scored.indices {
            scored[index].score = distribution.logProbability(of: scored[index].id) + lambda * standardised[index]
        }
        let best = scored.map { $0.score ?? -.infinity }.indexOfMaximum
        return Choice(token: scored.isEmpty ? greedy : scored[best].id, guided: true, candidates: scored)
    }
}

extension [Double] {
    /// With mean 0 and standard deviation 1; zeros where all are equal.
    var standardised: [Double] {
        let mean = reduce(0, +) / Double(Swift.max(1, count))
        let deviation = (reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(Swift.max(1, count))).squareRoot()
        return map { deviation > 0 ? ($0 - mean) / deviation : 0 }
    }
}
