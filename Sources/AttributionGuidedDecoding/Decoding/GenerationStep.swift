/// One generated token, why it was chosen, and the text that became certain with it.
public struct GenerationStep: Sendable {
    /// Position of the new token: the number of tokens before it.
    public let position: Int
    /// Entropy of the distribution it was chosen from, in nats.
    public let entropy: Double
    /// What the strategy chose, and from what.
    public let choice: Choice
    /// Natural logarithm of the chosen token's probability.
    public let logProbability: Double
    /// The most probable token.
    public let greedy: Int
    /// New whole characters; may be empty, as text that could become a stop string is held back.
    public internal(set) var text: String
    /// Why this is the last step; nil before.
    public internal(set) var stopReason: StopReason?
    /// The stop string that ended the answer, where one did.
    public let stopString: String?
    /// The model's most probable token, where it would have said what is to be avoided.
    public var avoided: Int? = nil

    /// The token that was chosen.
    public var token: Int { choice.token }
    /// Whether guidance chose otherwise than greedy decoding.
    public var changedByGuidance: Bool { choice.guided && choice.token != greedy }

    /// In place of a whole answer that isn't told: its last step, without text.
    package var withheld: GenerationStep {
        var step = self
        (step.text, step.stopReason) = ("", .withheld)
        return step
    }
}

/// Why a generation ended.
public enum StopReason: String, Sendable, Codable {
    /// The model ended its answer.
    case endOfGeneration = "end_of_generation"
    /// A stop string appeared.
    case stopString = "stop_string"
    /// As many tokens as asked for.
    case maximumTokens = "max_tokens"
    /// The context is full.
    case contextFull = "context_full"
    /// Whoever asked for it has checked the answer and doesn't tell it. No generation ends so by itself.
    case withheld
}

/// Where a generation ends.
public struct GenerationLimits: Sendable, Hashable {
    /// Tokens generated at most; nil until the context is full.
    public var maximumTokens: Int?
    /// Texts before which the answer ends, matched on text however it is tokenised.
    public var stopStrings: [String]
    /// Goes on after the model's end-of-generation tokens, which then count as any other.
    public var ignoresEndOfGeneration: Bool

    /// Limits; by default the model's own end and the context's.
    public init(maximumTokens: Int? = nil, stopStrings: [String] = [], ignoresEndOfGeneration: Bool = false) {
        self.maximumTokens = maximumTokens
        self.stopStrings = stopStrings
        self.ignoresEndOfGeneration = ignoresEndOfGeneration
    }
}

/// What can be wrong with a generation before it begins.
public enum GenerationError: Error, Equatable, CustomStringConvertible {
    /// The prompt leaves no room for a token in the context.
    case promptTooLong(promptLength: Int, contextLength: Int)
    /// An option has a value that can't be.
    case invalid(field: String, problem: String)

    public var description: String {
        switch self {
        case .promptTooLong(let promptLength, let contextLength):
            "the prompt has \(promptLength) tokens and leaves no room in a context of \(contextLength); "
                + "shorten it, or give a larger context"
        case .invalid(let field, let problem): "\(field): \(problem)"
        }
    }
}
