/// The control for ``AttributionGuided``: the same gate and the same candidates, among which relevance has no say. What it
/// changes about a reply is what choosing otherwise than the model changes, whatever the reason.
public struct UnguidedCandidate: DecodingStrategy {
    /// Which candidate is taken.
    public enum Pick: String, Sendable, CaseIterable, Codable {
        /// One drawn by the candidates' probabilities.
        case random
        /// The second most probable, where there is one.
        case second
    }

    public let name = "candidate"
    /// Which candidate is taken.
    public let pick: Pick
    /// What counts as likely.
    public let candidates: CandidateRule
    /// Below this entropy (in nats) the most probable token is taken; nil picks at every step.
    public let entropyThreshold: Double?
    /// What the model is computed under; that of ``AttentionBoost`` makes it the control for guidance among what that proposes.
    public let intervention: Intervention
    private var generator: SeededGenerator

    /// - Parameters:
    ///   - pick: which candidate is taken.
    ///   - candidates: what counts as likely.
    ///   - entropyThreshold: in nats; below it the most probable token is taken.
    ///   - seed: the same seed picks the same candidates.
    ///   - intervention: what the model is computed under.
    public init(
        _ pick: Pick = .random, candidates: CandidateRule = CandidateRule(),
        entropyThreshold: Double? = AttributionGuided.paperEntropyThreshold, seed: UInt64 = 0,
        under intervention: Intervention = .none
    ) {
        self.pick = pick
        self.candidates = candidates
        self.entropyThreshold = entropyThreshold
        self.intervention = intervention
        generator = SeededGenerator(seed: seed)
    }

    public var needs: StrategyNeeds { StrategyNeeds(intervention: intervention) }

    public mutating func choose(_ context: borrowing DecodingContext) -> Choice {
        let candidates = candidates.candidates(context.distribution)
        let greedy = context.distribution.mostProbable
        if let entropyThreshold, context.distribution.entropy < entropyThreshold {
            return Choice(token: greedy, guided: false, candidates: candidates)
        }
        let token =
            switch pick {
            case .second: candidates.dropFirst().first?.id
            case .random: drawn(from: candidates)
            }
        return Choice(token: token ?? greedy, guided: true, candidates: candidates)
    }

    private mutating func drawn(from candidates: [Candidate]) -> Int? {
        var remaining = generator.nextUniform() * candidates.reduce(0) { $0 + $1.probability }
        return candidates.first { candidate in
            remaining -= candidate.probability
            return remaining < 0
        }?.id
    }
}
