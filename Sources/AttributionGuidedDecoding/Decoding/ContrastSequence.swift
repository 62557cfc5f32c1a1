import Foundation

/// A second sequence of the same model, kept in step with a generation: another prompt, the same completion.
///
/// Copies of a strategy may share one. It holds nothing but caches: whatever it was asked before, the same tokens give the
/// same prediction.
final class ContrastSequence: @unchecked Sendable {  // The lock guards `inference`.
    private let model: LanguageModel
    private let options: Session.Options
    private let lock = NSLock()
    private var inference: InferenceSession?

    init(_ model: LanguageModel, options: Session.Options) {
        self.model = model
        self.options = options
    }

    /// What the model expects after `tokens`; what the caches hold of them is not read again.
    func distribution(after tokens: [Int]) throws -> Distribution {
        guard tokens.count <= options.contextLength else {
            throw GenerationError.promptTooLong(promptLength: tokens.count, contextLength: options.contextLength)
        }
        lock.lock()
        defer { lock.unlock() }
        let inference =
            try inference
            ?? InferenceSession(
                model, regions: [],
                options: .init(
                    contextLength: options.contextLength, threadCount: options.threadCount,
                    cacheType: options.cacheType.elementType))
        self.inference = inference
        _ = inference.adopt([], rule: inference.options.rule, tokens: tokens)
        let prediction = try inference.append(Array(tokens[inference.tokens.count...])) { _ in
            try Task.checkCancellation()
        }
        return Distribution(logits: prediction.logits, probabilities: prediction.probabilities)
    }
}
