import AttributionGuidedDecoding

/// The JSON object of `agd generate --json`.
struct GenerationReport: Encodable {
    struct TokenWeight: Encodable { var token: Int, weight: Double }
    struct HeadWeight: Encodable { var layer: Int, head: Int, weight: Double }
    struct CandidateReport: Encodable {
        var id: Int, text: String
        /// Where the text can't be exact, for the token is not whole characters.
        var bytes: [UInt8]?
        var probability: Double
        var score, relevance, total: Double?
    }
    struct Step: Encodable {
        var position: Int, entropy: Double, guided: Bool
        var candidates: [CandidateReport]
        var chosen, greedy: Int
    }
    struct Timing: Encodable { var prefillSeconds, decodeSeconds: Double, promptTokens, completionTokens: Int }

    var model, architecture, strategy, rule: String
    var promptTokens: [Int]
    var roi: [TokenWeight]
    var roiHeads: [HeadWeight]
    var steps: [Step]
    var completionTokens: [Int]
    var text: String
    var stopReason: StopReason?
    var timing: Timing

    init(
        _ model: LanguageModel, path: String, _ prompt: Prompt, _ region: RegionOfInterest,
        _ strategy: any DecodingStrategy,
        steps: [GenerationStep], timing: Timing
    ) {
        self.model = path
        architecture = model.configuration.architecture
        self.strategy = strategy.name
        rule = strategy.rule.name
        promptTokens = prompt.tokens
        roi = region.tokens.sorted { $0.key < $1.key }.map { TokenWeight(token: $0.key, weight: $0.value) }
        roiHeads = region.heads.sorted { $0.key < $1.key }.map {
            HeadWeight(layer: $0.key.layer, head: $0.key.head, weight: $0.value)
        }
        self.steps = steps.map { step in
            Step(
                position: step.position, entropy: step.entropy, guided: step.choice.guided,
                candidates: step.choice.candidates.map { candidate in
                    CandidateReport(
                        id: candidate.id, text: model.tokenizer?.text(of: candidate.id) ?? "",
                        bytes: model.tokenizer?.inexactBytes(of: candidate.id), probability: candidate.probability,
                        score: candidate.score, relevance: candidate.relevance, total: candidate.total)
                },
                chosen: step.token, greedy: step.greedy)
        }
        completionTokens = steps.map(\.token)
        text = steps.map(\.text).joined()
        stopReason = steps.isEmpty ? .maximumTokens : steps.last?.stopReason
        self.timing = timing
    }
}
