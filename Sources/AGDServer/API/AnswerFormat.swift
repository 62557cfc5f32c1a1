import AGDInsight
import AttributionGuidedDecoding
import Foundation

/// How an endpoint writes its answers.
protocol AnswerFormat: Sendable {
    func whole(_ answers: [Answer], _ usage: Usage) -> any Encodable & Sendable
    /// For the answers of one request, as they are made.
    func stream() -> any AnswerStream
    /// Whether a stream tells at its end all that it has told before, so that it has to be held.
    var streamEndsWithWhole: Bool { get }
}

/// Turns what happens while a request is answered into the events of a stream.
protocol AnswerStream {
    /// Sent at once, however long the prompt takes.
    mutating func opening() -> [StreamEvent]
    /// None where it has nothing to tell yet.
    mutating func events(for event: GenerationEvent) -> [StreamEvent]
    mutating func closing(_ usage: Usage) -> [StreamEvent]
    /// The last event of a stream that fails.
    mutating func failure(_ error: APIError) -> StreamEvent
}

/// What all parts of an answer have in common.
struct AnswerHead: Sendable {
    let id: String
    let created: Int
    let served: ServedModel
    let request: GenerationRequest

    /// Whether answers have an `agd` object.
    var hasTrace: Bool { request.traces || !request.notes.isEmpty || request.sources != nil }

    init(_ served: ServedModel, _ request: GenerationRequest, prefix: String) {
        id = prefix + UUID().uuidString.replacingOccurrences(of: "-", with: "").lowercased()
        created = Int(Date().timeIntervalSince1970)
        self.served = served
        self.request = request
    }

    /// The prompt that an answer belongs to.
    func promptIndex(_ choice: Int) -> Int { choice / request.choiceCount }

    /// A name for a part of an answer, such as a call of a tool.
    func id(_ prefix: String, _ choice: Int, _ index: Int) -> String { "\(prefix)\(id.suffix(12))\(choice)\(index)" }
}

/// A finished answer.
struct Answer: Sendable {
    var tokens: [ChosenToken] = []
    var ratedPrompt: [TokenLogProbability]?
    var sources: AnswerSources?

    var text: String { tokens.map(\.step.text).joined() }
    var thinking: String { tokens.map(\.piece.thinking).joined() }
    var stopReason: StopReason? { tokens.last?.step.stopReason }
}

struct Usage: Encodable, Sendable {
    struct Details: Encodable, Sendable { var cachedTokens = 0 }
    var promptTokens = 0
    var completionTokens = 0
    var totalTokens: Int { promptTokens + completionTokens }
    var promptTokensDetails = Details()
    /// Of `completionTokens`, those that brought thoughts.
    var thinkingTokens = 0
    /// What guidance did; nil where there was none.
    var guidance: GuidanceSummary?

    private enum CodingKeys: CodingKey { case promptTokens, completionTokens, totalTokens, promptTokensDetails, agd }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(promptTokens, forKey: .promptTokens)
        try container.encode(completionTokens, forKey: .completionTokens)
        try container.encode(totalTokens, forKey: .totalTokens)
        try container.encode(promptTokensDetails, forKey: .promptTokensDetails)
        try container.encodeIfPresent(guidance?.json, forKey: .agd)
    }
}

extension GuidanceSummary {
    /// Counts, and in words what would help where nothing was changed.
    var json: JSONValue {
        let advice =
            switch idleReason {
            case .gateStayedClosed(let threshold, let largest):
                "The gate never opened: entropy stayed below \(threshold) nats (at most \((100 * largest).rounded() / 100)). Try a lower 'entropy_threshold', or \"off\"."
            case .agreed:
                "Where it was guided, the region spoke for what the model would have said. Try 'score': \"excess\"."
            case nil: nil as String?
            }
        return .object(
            [.init("guided", .number(Double(guidedCount))), .init("changed", .number(Double(changedCount)))]
                + (advice.map { [.init("advice", .string($0))] } ?? []))
    }
}

extension StopReason {
    /// Whether the answer was cut, or is withheld.
    var isIncomplete: Bool { self != .endOfGeneration && self != .stopString }

    /// In the words of OpenAI's completions.
    var finishReason: String {
        switch self {
        case .endOfGeneration, .stopString: "stop"
        case .maximumTokens, .contextFull: "length"
        case .withheld: "content_filter"
        }
    }
}

/// The `agd` object of an answer: how its tokens were chosen. In a stream each chunk has a part of it.
struct Trace: Encodable, Sendable {
    var strategy, rule: String?
    /// What of the request, or of the model's file, has no effect.
    var notes: [String]?
    var promptTokens: [Int]?
    var roi: [TokenWeightReport]?
    var roiHeads: [HeadWeightReport]?
    var roiNeurons: [NeuronWeightReport]?
    var roiDirections: [DirectionWeightReport]?
    var steps: [StepReport]?
    var stopReason: StopReason?
    var sources: [SourceReport]?
    /// Whether they rest more on untrusted sources than they may.
    var trust: TrustReport?

    /// What is known before the first token.
    init(_ head: AnswerHead, _ choice: Int) {
        notes = head.request.notes.isEmpty ? nil : head.request.notes
        guard head.request.traces else { return }
        let decoding = head.request.decodings[head.promptIndex(choice)]
        let region = decoding.region
        strategy = decoding.strategy.name
        rule = decoding.strategy.needs.rule.name
        promptTokens = decoding.prompt.tokens
        (roi, roiHeads) = (region.tokenReport, region.headReport)
        (roiNeurons, roiDirections) = (region.neuronReport, region.directionReport)
    }

    init(_ tokens: [ChosenToken], _ served: ServedModel) {
        steps = tokens.filter { $0.step.stopReason != .withheld }.map { StepReport($0.step, model: served.model) }
        stopReason = tokens.last?.step.stopReason
    }

    init(_ sources: AnswerSources) {
        self.sources = sources.report
        trust = TrustReport(sources)
    }

    init(_ head: AnswerHead, _ choice: Int, _ answer: Answer) {
        self.init(head, choice)
        sources = answer.sources?.report
        trust = answer.sources.flatMap(TrustReport.init)
        guard head.request.traces else { return }
        let trace = Trace(answer.tokens, head.served)
        (steps, stopReason) = (trace.steps, trace.stopReason)
    }
}
