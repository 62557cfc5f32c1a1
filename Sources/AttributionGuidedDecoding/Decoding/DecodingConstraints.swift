/// What is asked of tokens before a strategy looks at them: it acts on the logits, so that candidates, probabilities and entropy
/// are of what is left, whatever the strategy.
public struct DecodingConstraints: Sendable, Hashable {
    /// Added to the logits of these tokens; 100 makes one certain, -100 impossible, as good as.
    public var logitBias: [Int: Double]
    /// Taken from the logit of each token that the completion has already.
    public var presencePenalty: Double
    /// Taken from the logit of each token once for each time that the completion has it.
    public var frequencyPenalty: Double
    /// Before the completion has so many tokens the model can't end it. A stop string still does.
    public var minimumTokens: Int
    /// What the completion must not say; tokens that would complete it have no probability.
    public var avoided: [AvoidedText]
    /// What the completion has to be, from its first token on. Where it is complete the model has to end.
    public var grammar: Grammar?

    /// By default nothing is asked.
    public init(
        logitBias: [Int: Double] = [:], presencePenalty: Double = 0, frequencyPenalty: Double = 0,
        minimumTokens: Int = 0, avoided: [AvoidedText] = [], grammar: Grammar? = nil
    ) {
        self.logitBias = logitBias
        self.presencePenalty = presencePenalty
        self.frequencyPenalty = frequencyPenalty
        self.minimumTokens = minimumTokens
        self.avoided = avoided
        self.grammar = grammar
    }

    /// - Throws: ``GenerationError/invalid(field:problem:)`` for a number that isn't finite, or a token that isn't there;
    ///   ``GrammarError``; ``AvoidanceError/noVocabulary``.
    package func check(for model: LanguageModel) throws {
        if let token = logitBias.keys.first(where: { !(0..<model.configuration.vocabularySize).contains($0) }) {
            throw GenerationError.invalid(
                field: "logit bias",
                problem: "there is no token \(token); the vocabulary has \(model.configuration.vocabularySize)")
        }
        let numbers = [presencePenalty, frequencyPenalty] + logitBias.values
        guard numbers.allSatisfy({ abs($0) <= Self.largest }) else {
            throw GenerationError.invalid(
                field: "logit bias and penalties", problem: "must lie between -\(Self.largest) and \(Self.largest)")
        }
        if !avoided.isEmpty, model.tokenizer == nil { throw AvoidanceError.noVocabulary }
        // The vocabulary is looked through when the completion begins.
        var others = self
        others.avoided = []
        _ = try ConstraintState(others, tokenizer: model.tokenizer)
    }

    private static let largest = 1e6
}
