/// Context-aware decoding (CAD; Shi et al., NAACL 2024, arXiv 2305.14739): the most probable token of
/// `softmax((1 + alpha) * logits(with) - alpha * logits(without))`, where the second prompt lacks the region's text.
public struct ContextAware: ProposingStrategy {
    public let name = "cad"
    /// How much is taken away of what the model would say without the region; 0 is greedy. The paper takes 0.5 and 1.
    public let alpha: Double
    private let promptWithout: Prompt
    private let candidates: CandidateRule

    /// - Parameters:
    ///   - promptWithout: the prompt that is completed, without the region; see ``LanguageModel/prompt(_:_:of:)``.
    ///   - alpha: how much is taken away of what follows that prompt.
    ///   - candidates: which tokens are reported beside the one chosen.
    public init(without promptWithout: Prompt, alpha: Double = 1, candidates: CandidateRule = CandidateRule()) {
        self.promptWithout = promptWithout
        self.alpha = alpha
        self.candidates = candidates
    }

    public var needs: StrategyNeeds { StrategyNeeds(companions: [CompanionSequence(promptWithout)]) }

    public mutating func choose(_ context: borrowing DecodingContext) throws -> Choice {
        let contrast = try PromptContrast(context, for: name)
        return contrast.choice(contrast.logits(alpha: alpha), candidates)
    }

    public mutating func proposal(_ context: borrowing DecodingContext) throws -> Distribution {
        try PromptContrast(context, for: name).distribution(alpha: alpha)
    }
}

extension CandidateRule {
    /// The candidates and the token that was chosen, which need not be one of them, with their scores.
    func candidates(_ distribution: Distribution, _ scores: [Double], including chosen: Int) -> [Candidate] {
        var reported = candidates(distribution)
        if !reported.contains(where: { $0.id == chosen }) {
            reported.append(Candidate(id: chosen, probability: Double(distribution.probabilities[chosen])))
        }
        for index in reported.indices where scores[reported[index].id].isFinite {
            reported[index].score = scores[reported[index].id]
        }
        return reported
    }
}
