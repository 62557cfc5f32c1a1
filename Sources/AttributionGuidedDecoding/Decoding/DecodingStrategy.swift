/// Chooses the next token. Strategies are values of equal rank; each generation works on a copy of its own.
public protocol DecodingStrategy: Sendable {
    /// Name in outputs, as on the command line.
    var name: String { get }
    /// Regions whose relevance the strategy may ask for. Each is one more lane through the model.
    var regions: [RegionOfInterest] { get }
    /// How relevance propagates.
    var rule: PropagationRule { get }
    /// Whether each step's tangents are computed with the step or when they are asked for.
    var tangents: TangentSchedule { get }
    /// Layers whose own say the strategy wants to hear: what enters them, through the output matrix. 0 is the embeddings.
    var earlyLayers: [Int] { get }
    /// A second prompt, which the same tokens complete: what the model expects after it is heard at each step too, see
    /// ``DecodingContext/companion``. It costs a second column in each matrix product, and caches of its own.
    var companionPrompt: Prompt? { get }

    mutating func choose(_ context: borrowing DecodingContext) throws -> Choice
}

extension DecodingStrategy {
    public var regions: [RegionOfInterest] { [] }
    public var rule: PropagationRule { .attnLRP }
    public var tangents: TangentSchedule { .withEachStep }
    public var earlyLayers: [Int] { [] }
    public var companionPrompt: Prompt? { nil }
}

/// When the tangents of a step are computed.
public enum TangentSchedule: String, Sendable, CaseIterable {
    /// Beside each step's own activations: the second lane shares the weights that are read anyway.
    case withEachStep = "eager"
    /// Left out until the strategy asks for relevance, then caught up in one batch. Saves where it seldom asks.
    case whenAsked = "deferred"
}

/// What a strategy may look at before it chooses.
public struct DecodingContext: ~Copyable {
    public let distribution: Distribution
    /// Prompt and completion so far.
    public let tokens: [Int]
    /// `[early layer][vocabularySize]`, for the strategy's ``DecodingStrategy/earlyLayers``.
    public let earlyLogits: [[Float]]
    /// What the model expects after the strategy's ``DecodingStrategy/companionPrompt`` and the completion so far.
    public let companion: Distribution?
    private let relevanceSource: ([Int]) throws -> [[Double]]

    init(
        distribution: Distribution, tokens: [Int] = [], earlyLogits: [[Float]] = [], companion: Distribution? = nil,
        relevance: @escaping ([Int]) throws -> [[Double]]
    ) {
        self.distribution = distribution
        self.tokens = tokens
        self.earlyLogits = earlyLogits
        self.companion = companion
        relevanceSource = relevance
    }

    /// S(c, R) of each token for each of the strategy's regions, as `[region][token]`.
    public func relevance(of tokens: [Int]) throws -> [[Double]] { try relevanceSource(tokens) }
}

/// A token that a strategy could choose.
public struct Candidate: Sendable, Hashable {
    public let id: Int
    public let probability: Double
    /// What the strategy ranks by; nil where it didn't score.
    public var score: Double?
    /// S(c, R): relevance of the region for this token.
    public var relevance: Double?
    /// S(c, all): relevance of all tokens of the context, where the score needs it.
    public var total: Double?

    public init(id: Int, probability: Double, score: Double? = nil, relevance: Double? = nil, total: Double? = nil) {
        self.id = id
        self.probability = probability
        self.score = score
        self.relevance = relevance
        self.total = total
    }
}

/// A strategy's choice and its reasons.
public struct Choice: Sendable, Hashable {
    public let token: Int
    /// Whether the choice was made by score: false where a gate was shut.
    public let guided: Bool
    /// The candidate set, by falling probability.
    public let candidates: [Candidate]

    public init(token: Int, guided: Bool, candidates: [Candidate]) {
        self.token = token
        self.guided = guided
        self.candidates = candidates
    }
}

/// Which tokens are candidates: of the most probable ones those that are probable enough.
public struct CandidateRule: Sendable, Hashable {
    /// k of the paper.
    public var count = 5
    /// p_min of the paper.
    public var minimumProbability = 0.05

    public init(count: Int = 5, minimumProbability: Double = 0.05) {
        self.count = count
        self.minimumProbability = minimumProbability
    }

    package func candidates(_ distribution: Distribution) -> [Candidate] {
        distribution.candidates(count: count, minimumProbability: minimumProbability)
            .map { Candidate(id: $0.token, probability: $0.probability) }
    }
}
