import AttributionGuidedDecoding
import Foundation

/// How an endpoint writes its answers, whole or in chunks.
protocol AnswerFormat: Sendable {
    /// The chunks that open an answer in a stream.
    func opening(_ choice: Int) -> [any Encodable & Sendable]
    /// A token's chunk; nil where it has nothing to tell yet.
    func chunk(_ choice: Int, _ token: ChosenToken) -> (any Encodable & Sendable)?
    /// The prompt's tokens, where they begin the answer.
    func echo(_ choice: Int, _ rated: [TokenLogProbability]?) -> (any Encodable & Sendable)?
    func closing(_ choice: Int, _ reason: StopReason?) -> any Encodable & Sendable
    func usage(_ usage: Usage) -> any Encodable & Sendable
    func whole(_ answers: [Answer], _ usage: Usage) -> any Encodable & Sendable
}

/// What all parts of an answer have in common.
struct AnswerHead: Sendable {
    let id: String
    let created: Int
    let served: ServedModel
    let request: GenerationRequest

    init(_ served: ServedModel, _ request: GenerationRequest, prefix: String) {
        id = prefix + UUID().uuidString.replacingOccurrences(of: "-", with: "").lowercased()
        created = Int(Date().timeIntervalSince1970)
        self.served = served
        self.request = request
    }

    /// The prompt that an answer belongs to.
    func promptIndex(_ choice: Int) -> Int { choice / request.choiceCount }
}

/// A finished answer.
struct Answer: Sendable {
    var tokens: [ChosenToken] = []
    var ratedPrompt: [TokenLogProbability]?

    var text: String { tokens.map(\.step.text).joined() }
    var stopReason: StopReason? { tokens.last?.step.stopReason }
}

struct Usage: Encodable, Sendable {
    struct Details: Encodable, Sendable { var cachedTokens = 0 }
    var promptTokens = 0
    var completionTokens = 0
    var totalTokens: Int { promptTokens + completionTokens }
    var promptTokensDetails = Details()

    private enum CodingKeys: CodingKey { case promptTokens, completionTokens, totalTokens, promptTokensDetails }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(promptTokens, forKey: .promptTokens)
        try container.encode(completionTokens, forKey: .completionTokens)
        try container.encode(totalTokens, forKey: .totalTokens)
        try container.encode(promptTokensDetails, forKey: .promptTokensDetails)
    }
}

extension StopReason {
    /// In OpenAI's words.
    var finishReason: String {
        switch self {
        case .endOfGeneration, .stopString: "stop"
        case .maximumTokens, .contextFull: "length"
        }
    }
}

/// The `agd` object of an answer: how its tokens were chosen. In a stream each chunk has a part of it.
struct Trace: Encodable, Sendable {
    struct TokenWeight: Encodable, Sendable { var token: Int, weight: Double }
    struct HeadWeight: Encodable, Sendable { var layer, head: Int, weight: Double }
    struct Candidate: Encodable, Sendable {
        var id: Int, text: String
        /// Where they are part of a character, so that the text isn't exact.
        var bytes: [UInt8]?
        var probability: Double
        var score, relevance, total: Double?
    }
    struct Step: Encodable, Sendable {
        var position, token: Int
        var text: String
        /// Where they are part of a character, so that the text isn't exact.
        var bytes: [UInt8]?
        /// A token that ends an answer or the like, and is no part of its text.
        var control: Bool
        var entropy: Double
        /// Whether the choice was made by score, and whether it then differed from greedy decoding's.
        var guided, changed: Bool
        var candidates: [Candidate]
        var chosen, greedy: Int
    }

    var strategy, rule: String?
    var promptTokens: [Int]?
    var roi: [TokenWeight]?
    var roiHeads: [HeadWeight]?
    var steps: [Step]?
    var stopReason: StopReason?

    /// What is known before the first token.
    init(_ head: AnswerHead, _ choice: Int) {
        let index = head.promptIndex(choice)
        let region = head.request.regions[index]
        let strategy = head.request.strategy.strategy(region: region, choice: choice)
        self.strategy = strategy.name
        rule = strategy.rule.name
        promptTokens = head.request.prompts[index].tokens
        roi = region.tokens.sorted { $0.key < $1.key }.map { TokenWeight(token: $0.key, weight: $0.value) }
        roiHeads = region.heads.sorted { $0.key < $1.key }.map {
            HeadWeight(layer: $0.key.layer, head: $0.key.head, weight: $0.value)
        }
    }

    init(_ tokens: [ChosenToken], _ served: ServedModel) {
        steps = tokens.map { Step($0.step, served) }
        stopReason = tokens.last?.step.stopReason
    }

    init(_ head: AnswerHead, _ choice: Int, _ tokens: [ChosenToken]) {
        self.init(head, choice)
        let trace = Trace(tokens, head.served)
        (steps, stopReason) = (trace.steps, trace.stopReason)
    }
}

extension Trace.Step {
    init(_ step: GenerationStep, _ served: ServedModel) {
        position = step.position
        token = step.token
        text = served.text(of: step.token)
        bytes = served.inexactBytes(of: step.token)
        control = served.isControl(step.token)
        entropy = step.entropy
        guided = step.choice.guided
        changed = step.changedByGuidance
        candidates = step.choice.candidates.map {
            Trace.Candidate(
                id: $0.id, text: served.text(of: $0.id), bytes: served.inexactBytes(of: $0.id),
                probability: $0.probability, score: $0.score, relevance: $0.relevance, total: $0.total)
        }
        chosen = step.token
        greedy = step.greedy
    }
}
