import TensorGraph

/// How much a region contributes to the logit of one token after a prompt.
public struct TargetAttribution: Sendable, Hashable {
    /// The target.
    public let token: Int
    /// Before softmax, at the prompt's last position.
    public let logit: Double
    /// S(c, R): the relevance of the region for that logit.
    public let regionScore: Double
}

extension Session {
    /// The relevance of a region for each target token after the prompt, in one forward pass for all of them.
    /// - Throws: ``GenerationError`` for a prompt that is too long, ``RegionError``, ``AttributionError``,
    ///   ``InferenceError``, ``TensorGraphError``.
    public func attribution(
        of targets: [Int], after prompt: Prompt, region: RegionOfInterest, rule: PropagationRule = .attnLRP,
        progress: @Sendable (Int) -> Void = { _ in }
    ) async throws -> [TargetAttribution] {
        guard prompt.tokens.count <= options.contextLength else {
            throw GenerationError.promptTooLong(promptLength: prompt.tokens.count, contextLength: options.contextLength)
        }
        try region.validate(for: model, promptLength: prompt.tokens.count)
        if let token = targets.first(where: { !(0..<model.configuration.vocabularySize).contains($0) }) {
            throw TokenError.outOfRange(token: token, vocabularySize: model.configuration.vocabularySize)
        }
        return try await alone { session in
            let inference = try session.prepared([region], rule: rule, for: prompt.tokens, room: 0)
            let prediction = try inference.append(Array(prompt.tokens[inference.tokens.count...])) { done in
                try Task.checkCancellation()
                progress(done)
            }
            let scores = inference.relevance(of: targets, prediction)[0]
            return zip(targets, scores).map {
                TargetAttribution(token: $0, logit: Double(prediction.logits[$0]), regionScore: $1)
            }
        }
    }
}
