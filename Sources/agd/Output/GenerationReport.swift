import AGDInsight
import AttributionGuidedDecoding

/// The JSON object of `agd generate --json`.
struct GenerationReport: Encodable {
    struct Timing: Encodable { var prefillSeconds, decodeSeconds: Double, promptTokens, completionTokens: Int }

    var model, architecture, strategy, rule: String
    var promptTokens: [Int]
    var roi: [TokenWeightReport]
    var roiHeads: [HeadWeightReport]
    var roiNeurons: [NeuronWeightReport]?
    var roiDirections: [DirectionWeightReport]?
    var roiFeatures: [NeuronWeightReport]?
    var steps: [StepReport]
    var completionTokens: [Int]
    var text: String
    /// The text's parts: what the model thought, and what it answered.
    var reasoning, answer: String
    var stopReason: StopReason?
    var timing: Timing
    /// What the answer rests on, where that was asked for.
    var sources: AnswerSources?

    init(
        _ model: LanguageModel, path: String, _ prompt: Prompt, _ region: RegionOfInterest,
        _ strategy: any DecodingStrategy,
        steps: [GenerationStep], pieces: [ReplySplitter.Piece], timing: Timing, sources: AnswerSources?
    ) {
        self.model = path
        architecture = model.configuration.architecture
        self.strategy = strategy.name
        rule = strategy.needs.rule.name
        promptTokens = prompt.tokens
        (roi, roiHeads) = (region.tokenReport, region.headReport)
        (roiNeurons, roiDirections) = (region.neuronReport, region.directionReport)
        roiFeatures = region.featureReport
        self.steps = steps.map { StepReport($0, model: model) }
        completionTokens = steps.map(\.token)
        text = steps.map(\.text).joined()
        reasoning = pieces.map(\.thinking).joined()
        answer = pieces.map(\.answer).joined()
        stopReason = steps.isEmpty ? .maximumTokens : steps.last?.stopReason
        self.timing = timing
        self.sources = sources
    }
}
