/// AdaCAD (Wang et al., NAACL 2025, arXiv 2409.07394): ``ContextAware`` whose alpha is chosen anew at each step, as the
/// Jensen-Shannon divergence of what the model expects with and without the region. Where the region changes nothing, nothing
/// is taken away.
///
/// The divergence is in nats, as in the authors' code (github.com/HanNight/AdaCAD), so that alpha is at most 0.69.
public struct AdaptiveContextAware: DecodingStrategy {
    public let name = "adacad"
    /// Alpha is at least this; the authors raise it for long answers.
    public let minimumAlpha: Double
    private let promptWithout: Prompt
    private let candidates: CandidateRule

    /// - Parameters:
    ///   - promptWithout: the prompt that is completed, without the region; see ``LanguageModel/prompt(_:_:of:)``.
    ///   - minimumAlpha: how much of what follows that prompt is taken away at least.
    ///   - candidates: which tokens are reported beside the one chosen.
    public init(
        without promptWithout: Prompt, minimumAlpha: Double = 0, candidates: CandidateRule = CandidateRule()
    ) {
        self.promptWithout = promptWithout
        self.minimumAlpha = minimumAlpha
        self.candidates = candidates
    }

    public var needs: StrategyNeeds { StrategyNeeds(companions: [CompanionSequence(promptWithout)]) }

    public mutating func choose(_ context: borrowing DecodingContext) throws -> Choice {
        let contrast = try PromptContrast(context, for: name)
        return contrast.choice(contrast.logits(alpha: max(minimumAlpha, contrast.divergence)), candidates)
    }
}
