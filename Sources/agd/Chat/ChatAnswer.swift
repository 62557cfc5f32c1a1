import AGDInsight
import AttributionGuidedDecoding

/// An answer, and what it was made from: enough to tell why it is what it is.
struct ChatAnswer {
    var marked: MarkedPrompt
    /// What was decoded: the same prompt, or one that the method made of it.
    var prompt: Prompt
    var strategy: any DecodingStrategy
    var threshold: Double?
    var display: AnswerDisplay

    var steps: [GenerationStep] { display.steps }

    /// What all tokens rest on, or one, counted from 0, token by token, as a heat map. Each token takes a pass back.
    func heatMap(of step: Int?, model: LanguageModel, reverse: ReverseAttribution.Options, inColor: Bool) throws
        -> String
    {
        let isAsSent = prompt.tokens == marked.prompt.tokens
        return try Self.withProgress("sending relevance back") { progress in
            try Explanation(
                steps, only: step, after: prompt, by: strategy, model: model,
                region: isAsSent ? marked.region : RegionOfInterest(),
                specifications: isAsSent ? marked.specifications : [], entropyThreshold: threshold, options: reverse,
                progress: progress)
        }.text(step: step == nil ? nil : 0, inColor: inColor)
    }

    /// With footnotes: which document, or without documents which message, each sentence rests on.
    func footnotes(model: LanguageModel, reverse: ReverseAttribution.Options) throws -> String {
        var options = AnswerSources.Options()
        options.reverse = reverse
        return try Self.withProgress("looking for sources") { progress in
            try AnswerSources(
                of: AnswerToken.all(steps, pieces: display.pieces), after: prompt, model: model, options: options,
                progress: progress)
        }.text(of: display.answer)
    }

    /// Shows how far `body` has come, and lets Ctrl-C end it.
    private static func withProgress<Result>(
        _ title: String, _ body: ((Double) throws -> Void) throws -> Result
    ) throws -> Result {
        let bar = ProgressBar(title)
        defer { bar.finish() }
        return try body { done in
            if Interruption.taken() { throw CancellationError() }
            bar.update(done)
        }
    }
}
