/// Guidance among what a contrast proposes: the candidates, and where the model is sure the token, are those of
/// ``ContextAware`` instead of the model's own; of the candidates the one is taken that draws most on the region, as in
/// ``AttributionGuided``.
///
/// Selection can't take what is not among the candidates, which the paper (arXiv 2509.26307) names as its method's limitation. A
/// contrast lifts what the region makes likelier, and doesn't ask whether a token rests on it.
public struct ContrastGuided: DecodingStrategy {
    public let name = "agd-cad"
    /// How much is taken away of what the model would say without the region; 0 is ``AttributionGuided``.
    public let alpha: Double
    private let promptWithout: Prompt
    private let guided: AttributionGuided

    /// - Parameters:
    ///   - guided: region, rule, score, candidate rule and gate. The gate looks at the model's own entropy, candidates are by
    ///     the contrast's probabilities.
    ///   - promptWithout: the prompt that is completed, without the region; see ``LanguageModel/prompt(_:_:of:)``.
    ///   - alpha: how much is taken away of what follows that prompt.
    public init(_ guided: AttributionGuided, without promptWithout: Prompt, alpha: Double = 1) {
        self.guided = guided
        self.promptWithout = promptWithout
        self.alpha = alpha
    }

    public var needs: StrategyNeeds {
        var needs = guided.needs
        needs.companions = [CompanionSequence(promptWithout)]
        return needs
    }

    public mutating func choose(_ context: borrowing DecodingContext) throws -> Choice {
        let contrast = try PromptContrast(context, for: name)
        return try guided.choice(context, among: contrast.distribution(alpha: alpha))
    }
}
