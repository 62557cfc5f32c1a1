import AttributionGuidedDecoding

/// Entropies of a model's greedy decoding, from which a threshold follows for a wanted opening rate of the gate.
///
/// The paper takes the 80th percentile of token entropies on IHEval. It differs from model to model.
public struct EntropyCalibration: Sendable, Encodable {
    /// In nats, by percentile.
    public let percentiles: [Int: Double]
    public let tokenCount: Int

    /// - Parameter entropies: in nats, one a generated token; at least one.
    init(_ entropies: [Double]) {
        let sorted = entropies.sorted()
        tokenCount = sorted.count
        percentiles = Dictionary(
            uniqueKeysWithValues: [5, 10, 20, 30, 40, 50, 60, 70, 80, 90, 95, 99].map { percent in
                (percent, sorted[min(sorted.count - 1, sorted.count * percent / 100)])
            })
    }

    /// Decodes the items greedily.
    public static func run(
        _ model: LanguageModel, _ items: [EvaluationItem], maximumTokens: Int, threadCount: Int, progress: (Int) -> Void
    ) async throws -> EntropyCalibration {
        let options = Session.Options(
            contextLength: min(model.configuration.contextLength, 8192 + maximumTokens), threadCount: threadCount)
        let session = try Session(model, options: options)
        var entropies: [Double] = []
        for (index, item) in items.enumerated() {
            let prompt = try model.prompt(
                item.messages.map { ChatMessage(role: $0.role.rawValue, content: $0.content) })
            let generation = try session.generate(
                prompt, strategy: Greedy(), limits: GenerationLimits(maximumTokens: maximumTokens))
            for try await step in generation { entropies.append(step.entropy) }
            progress(index + 1)
        }
        guard !entropies.isEmpty else {
            throw EvaluationError(problem: "no token was generated", remedy: "give a data file with items")
        }
        return EntropyCalibration(entropies)
    }
}
