import AttributionGuidedDecoding
import Foundation

/// What entropies are given in. The paper doesn't say which.
public enum EntropyUnit: String, Sendable, Encodable, CaseIterable {
    /// Natural, or binary units.
    case nats, bits

    /// One of this unit in nats.
    var nats: Double { self == .bits ? log(2) : 1 }
}

/// Entropies of a model's greedy decoding, from which a threshold follows for a wanted opening rate of the gate.
///
/// The paper takes the 80th percentile of token entropies on IHEval. It differs from model to model.
public struct EntropyCalibration: Sendable, Encodable {
    /// Of all entropies here.
    public let unit: EntropyUnit
    /// By percentile.
    public let percentiles: [Int: Double]
    /// The entropy that opens the gate for the wanted share of tokens, where one was wanted.
    public let threshold: Double?
    /// Tokens that were decoded.
    public let tokenCount: Int

    /// - Parameters:
    ///   - entropies: in nats, one a generated token; at least one.
    ///   - rate: the wanted share, between 0 and 1.
    init(_ entropies: [Double], unit: EntropyUnit = .nats, rate: Double? = nil) {
        let sorted = entropies.map { $0 / unit.nats }.sorted()
        func quantile(_ share: Double) -> Double { sorted[min(sorted.count - 1, Int(Double(sorted.count) * share))] }
        self.unit = unit
        tokenCount = sorted.count
        percentiles = Dictionary(
            uniqueKeysWithValues: [5, 10, 20, 30, 40, 50, 60, 70, 80, 90, 95, 99].map {
                ($0, quantile(Double($0) / 100))
            })
        threshold = rate.map { quantile(1 - $0) }
    }

    /// Decodes the items greedily.
    /// - Throws: ``PromptError`` and ``EvaluationError`` for an item that can't be asked; ``GenerationError``,
    ///   ``TensorGraphError`` and ``InferenceError``, where it can't be decoded.
    public static func run(
        _ model: LanguageModel, _ items: [EvaluationItem], maximumTokens: Int, unit: EntropyUnit = .nats,
        rate: Double? = nil, threadCount: Int, progress: (Int) -> Void
    ) async throws -> EntropyCalibration {
        let options = Session.Options(
            contextLength: min(model.configuration.contextLength, 8192 + maximumTokens), threadCount: threadCount)
        let session = try Session(model, options: options)
        var entropies: [Double] = []
        for (index, item) in items.enumerated() {
            let prompt = try item.prompt(item.messages, for: model, date: RunSettings.templateDate)
            let generation = try session.generate(
                prompt, strategy: Greedy(), limits: GenerationLimits(maximumTokens: maximumTokens))
            for try await step in generation { entropies.append(step.entropy) }
            progress(index + 1)
        }
        guard !entropies.isEmpty else {
            throw EvaluationError(problem: "no token was generated", remedy: "give a data file with items")
        }
        return EntropyCalibration(entropies, unit: unit, rate: rate)
    }
}
