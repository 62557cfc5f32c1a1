/// Chooses the next token. Strategies are values of equal rank; each generation works on a copy of its own.
///
/// A strategy that decorates another hands on what that needs with ``needs``, whole, and calls its `choose`.
public protocol DecodingStrategy: Sendable {
    /// Name in outputs, as on the command line.
    var name: String { get }
    /// What the model has to compute for the strategy. It is read once, before the prompt is.
    var needs: StrategyNeeds { get }

    /// Chooses one token.
    ///
    /// It is called exactly once for each token of a completion, in their order, and never again for one that was chosen:
    /// first when the prompt has been read, then each time the token chosen last has been. A strategy may therefore keep
    /// state from step to step in itself. A generation begins with the value it was given, so that neither another
    /// generation nor the caller sees that state.
    ///
    /// - Parameter context: valid during the call only.
    /// - Throws: anything; the generation then ends with that error, without a token. What the caches hold stays valid, and
    ///   the session can be used again.
    mutating func choose(_ context: borrowing DecodingContext) throws -> Choice
}

extension DecodingStrategy {
    public var needs: StrategyNeeds { StrategyNeeds() }
}

/// What a strategy wants to know beside the next token's distribution. Each wish has its price; by default there is none.
public struct StrategyNeeds: Sendable {
    /// Regions whose relevance the strategy may ask for with ``DecodingContext/relevance(of:)``. Each is one more lane through
    /// the model.
    public var regions: [RegionOfInterest]
    /// How relevance propagates.
    public var rule: PropagationRule
    /// What tokens of the completion are; where they are in the regions, the last region has to be all tokens.
    public var generated: GeneratedTokens
    /// Whether each step's tangents are computed with the step or when they are asked for.
    public var tangents: TangentSchedule
    /// Layers whose own say the strategy wants to hear, see ``DecodingContext/earlyLogits``: what enters them, through the
    /// output matrix. 0 is the embeddings.
    public var earlyLayers: [Int]
    /// What the prompt and its completion are computed under; by default the model is as it is.
    public var intervention: Intervention
    /// Whether the strategy asks what would follow if the last token saw scaled keys, see ``DecodingContext/reread(under:observesAttention:)``.
    /// Nothing is drafted then. Each asking costs a pass of its own.
    public var rereads: Bool
    /// Other prompts, or the same under interventions, which the same tokens complete: what the model expects after each is heard
    /// at each step too, see ``DecodingContext/companions``. Each costs one more column in each matrix product, and caches of its own.
    public var companions: [CompanionSequence]

    /// What a strategy needs; by default nothing.
    public init(
        regions: [RegionOfInterest] = [], rule: PropagationRule = .attnLRP, tangents: TangentSchedule = .withEachStep,
        generated: GeneratedTokens = .outside, earlyLayers: [Int] = [], intervention: Intervention = .none,
        rereads: Bool = false, companions: [CompanionSequence] = []
    ) {
        self.regions = regions
        self.rule = rule
        self.tangents = tangents
        self.generated = generated
        self.earlyLayers = earlyLayers
        self.intervention = intervention
        self.rereads = rereads
        self.companions = companions
    }
}

/// A sequence that is decoded beside a strategy's own, and gets the same tokens.
public struct CompanionSequence: Sendable {
    /// What the tokens complete.
    public var prompt: Prompt
    /// What it is computed under.
    public var intervention: Intervention

    /// A prompt, by default with the model as it is.
    public init(_ prompt: Prompt, under intervention: Intervention = .none) {
        (self.prompt, self.intervention) = (prompt, intervention)
    }
}

/// What a token counts as once it is chosen.
public enum GeneratedTokens: String, Sendable, CaseIterable, Codable {
    /// It lies outside the regions: the paper's reading.
    case outside
    /// It belongs to a region with the weight `S(y, R) / S(y, all)`, between 0 and 1, so that what draws on it draws on what
    /// it rests on, as by the hops of FlashTrace (arXiv 2602.01914). One more lane, and nothing is drafted: what a token weighs
    /// isn't known before it is chosen.
    case share
}

/// When the tangents of a step are computed.
public enum TangentSchedule: String, Sendable, CaseIterable, Codable {
    /// Beside each step's own activations: the second lane shares the weights that are read anyway.
    case withEachStep = "eager"
    /// Left out until the strategy asks for relevance, then caught up in one batch. Saves where it seldom asks.
    case whenAsked = "deferred"
}

/// What a strategy may look at before it chooses.
public struct DecodingContext: ~Copyable {
    /// What the model expects next.
    public let distribution: Distribution
    /// Prompt and completion so far.
    public let tokens: [Int]
    /// `[early layer][vocabularySize]`, for the strategy's ``StrategyNeeds/earlyLayers``.
    public let earlyLogits: [[Float]]
    /// What the model expects after each of the strategy's ``StrategyNeeds/companions`` and the completion so far.
    public let companions: [Distribution]
    private let relevanceSource: ([Int]) throws -> [[Double]]
    private let rereadSource: ((KeyScaling, Bool) throws -> Rereading)?

    init(
        distribution: Distribution, tokens: [Int] = [], earlyLogits: [[Float]] = [],
        companions: [Distribution] = [], reread: ((KeyScaling, Bool) throws -> Rereading)? = nil,
        relevance: @escaping ([Int]) throws -> [[Double]]
    ) {
        self.distribution = distribution
        self.tokens = tokens
        self.earlyLogits = earlyLogits
        self.companions = companions
        relevanceSource = relevance
        rereadSource = reread
    }

    /// S(c, R) of each token for each of the strategy's regions, as `[region][token]`.
    /// - Throws: ``TensorGraphError`` or ``InferenceError``, where the tangents can't be computed.
    public func relevance(of tokens: [Int]) throws -> [[Double]] { try relevanceSource(tokens) }

    /// What would follow if the last token, and it alone, saw scaled keys. A strategy that asks says so in ``StrategyNeeds/rereads``.
    /// - Parameters:
    ///   - scaling: of which positions' keys, in which layers.
    ///   - observesAttention: tells what each layer's attention reads and gives too.
    /// - Throws: ``TensorGraphError`` or ``InferenceError``.
    public func reread(under scaling: KeyScaling, observesAttention: Bool = false) throws -> Rereading {
        guard let rereadSource else {
            throw GenerationError.invalid(
                field: "reread", problem: "is not asked for in the strategy's needs")
        }
        return try rereadSource(scaling, observesAttention)
    }
}

/// The last token, read again.
public struct Rereading: Sendable {
    /// What would follow it.
    public let distribution: Distribution
    /// What each layer's attention reads and gives, by layers; empty unless asked for.
    public let attention: [AttentionActivation]
}

/// A token that a strategy could choose.
public struct Candidate: Sendable, Hashable {
    /// The token.
    public let id: Int
    /// Over the whole vocabulary: the model's, or a contrast's where that proposes candidates.
    public let probability: Double
    /// What the strategy ranks by; nil where it didn't score.
    public var score: Double?
    /// S(c, R): relevance of the region for this token.
    public var relevance: Double?
    /// S(c, all): relevance of all tokens of the context, where the score needs it.
    public var total: Double?

    /// A candidate with what is known of it.
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
    /// The token that was chosen.
    public let token: Int
    /// Whether the choice was made by score: false where a gate was shut.
    public let guided: Bool
    /// The candidate set, by falling probability.
    public let candidates: [Candidate]

    /// A choice among candidates.
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

    /// A rule, by default the paper's.
    public init(count: Int = 5, minimumProbability: Double = 0.05) {
        self.count = count
        self.minimumProbability = minimumProbability
    }

    package func candidates(_ distribution: Distribution) -> [Candidate] {
        distribution.candidates(count: count, minimumProbability: minimumProbability)
            .map { Candidate(id: $0.token, probability: $0.probability) }
    }
}
