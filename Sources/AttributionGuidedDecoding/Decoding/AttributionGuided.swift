/// Attribution-guided decoding (Komorowski et al., arXiv 2509.26307): of the tokens that the model finds likely, the one
/// that draws most on a region of interest; where the model is sure, its own choice.
public struct AttributionGuided: DecodingStrategy {
    /// What candidates are ranked by.
    public enum Score: String, Sendable, CaseIterable, Codable {
        /// S(c, R), the relevance of the region: the paper's score.
        case sum
        /// S(c, R) - f S(c, all), with `f` the region's usual share over the candidates: how much more of this token's
        /// evidence comes from the region than is usual here. One more lane.
        case excess
    }

    public let name = "agd"
    /// What candidates are to draw on.
    public let region: RegionOfInterest
    /// How relevance propagates.
    public let rule: PropagationRule
    /// What candidates are ranked by.
    public let score: Score
    /// What a token counts as once it is chosen.
    public let generated: GeneratedTokens
    /// What counts as likely.
    public let candidates: CandidateRule
    /// Below this entropy (in nats) the most probable token is taken unscored; nil guides every step.
    public let entropyThreshold: Double?
    /// When tangents are computed.
    public let tangents: TangentSchedule

    /// The paper's threshold: the 80th percentile of token entropies on IHEval.
    public static let paperEntropyThreshold = 1.734

    /// A strategy for one region, by default with the paper's rule, score, candidates and gate.
    public init(
        region: RegionOfInterest, rule: PropagationRule = .attnLRP, score: Score = .sum,
        generated: GeneratedTokens = .outside, candidates: CandidateRule = CandidateRule(),
        entropyThreshold: Double? = paperEntropyThreshold,
        tangents: TangentSchedule = .withEachStep
    ) {
        self.region = region
        self.rule = rule
        self.score = score
        self.generated = generated
        self.candidates = candidates
        self.entropyThreshold = entropyThreshold
        self.tangents = tangents
    }

    public var needs: StrategyNeeds {
        StrategyNeeds(
            regions: score == .excess || generated == .share ? [region, .allTokens] : [region], rule: rule,
            tangents: tangents, generated: generated)
    }

    public mutating func choose(_ context: borrowing DecodingContext) throws -> Choice {
        try choice(context, among: context.distribution)
    }

    /// The choice among what `proposed` finds likely, which need not be what the model does.
    func choice(_ context: borrowing DecodingContext, among proposed: Distribution) throws -> Choice {
        let candidates = candidates.candidates(proposed)
        if let entropyThreshold, context.distribution.entropy < entropyThreshold {
            return Choice(token: proposed.mostProbable, guided: false, candidates: candidates)
        }
        let relevance = try context.relevance(of: candidates.map(\.id))
        let scored = Self.scored(candidates, score == .sum ? Array(relevance.prefix(1)) : relevance)
        // The first of equals is the most probable one.
        let best = scored.reduce(nil as Candidate?) { best, candidate in
            guard let bestScore = best?.score, let score = candidate.score, score <= bestScore else { return candidate }
            return best
        }
        return Choice(token: best?.id ?? proposed.mostProbable, guided: true, candidates: scored)
    }

    /// Candidates with their scores, from `[region][candidate]` relevances: of the region, and of all tokens where the
    /// excess is wanted.
    static func scored(_ candidates: [Candidate], _ relevance: [[Double]]) -> [Candidate] {
        let totals = relevance.count > 1 ? relevance[1] : nil
        var share = 0.0
        if let totals {
            let total = zip(candidates, totals).reduce(0) { $0 + $1.0.probability * $1.1 }
            let ofRegion = zip(candidates, relevance[0]).reduce(0) { $0 + $1.0.probability * $1.1 }
            share = total == 0 ? 0 : ofRegion / total
        }
        return candidates.enumerated().map { index, candidate in
            var candidate = candidate
            candidate.relevance = relevance[0][index]
            candidate.total = totals?[index]
            candidate.score = relevance[0][index] - share * (totals?[index] ?? 0)
            return candidate
        }
    }
}
