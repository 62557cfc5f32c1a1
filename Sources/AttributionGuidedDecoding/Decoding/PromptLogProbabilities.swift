import Foundation

/// How probable a token of a text was, given the tokens before it.
public struct TokenLogProbability: Sendable, Hashable {
    /// The token of the text.
    public let token: Int
    /// Natural logarithm.
    public let logProbability: Double
    /// The most probable tokens in its place, by falling probability.
    public let alternatives: [Alternative]

    /// A token that could have stood there.
    public struct Alternative: Sendable, Hashable {
        /// The token.
        public let token: Int
        /// Natural logarithm of its probability.
        public let logProbability: Double
    }

    /// A token's log-probability in a distribution, with the most probable tokens in its place.
    public init(_ token: Int, in distribution: Distribution, alternatives count: Int) {
        self.token = token
        logProbability = distribution.logProbability(of: token)
        alternatives = distribution.mostProbable(count).filter(distribution.isPossible).map {
            Alternative(token: $0, logProbability: distribution.logProbability(of: $0))
        }
    }
}

extension Session {
    /// How probable each token of a prompt is after those before it. The first has none before it and is left out, so
    /// that there is one result fewer than tokens.
    /// - Parameters:
    ///   - prompt: what the model reads.
    ///   - start: the first token wanted, at least 1; tokens before it are only read, or not even that where the caches
    ///     hold them.
    ///   - alternatives: number of most probable tokens to tell at each position.
    ///   - progress: called with the number of tokens read.
    /// - Throws: ``GenerationError`` for a prompt that is too long, ``InferenceError``, ``TensorGraphError``.
    public func logProbabilities(
        of prompt: Prompt, from start: Int = 1, alternatives: Int = 0, progress: @Sendable (Int) -> Void = { _ in }
    ) async throws -> [TokenLogProbability] {
        let tokens = prompt.tokens
        guard tokens.count <= options.contextLength else {
            throw GenerationError.promptTooLong(promptLength: tokens.count, contextLength: options.contextLength)
        }
        guard start >= 1, start < tokens.count else { return [] }
        return try await alone { session in
            let inference = try session.prepared(
                [], rule: .attnLRP, for: Array(tokens[..<start]), room: tokens.count - start)
            var results: [TokenLogProbability] = []
            progress(inference.tokens.count)
            while inference.tokens.count < tokens.count - 1 {
                try Task.checkCancellation()
                let position = inference.tokens.count
                // The prediction after token start - 1 is the first one wanted.
                let isOnlyRead = position < start - 1
                let end = min(isOnlyRead ? start - 1 : tokens.count - 1, position + inference.everyPositionChunkLength)
                let prediction = try inference.append(
                    Array(tokens[position..<end]), output: isOnlyRead ? .logits : .everyPosition)
                for (offset, distribution) in (isOnlyRead ? [] : prediction.distributions).enumerated() {
                    results.append(
                        TokenLogProbability(tokens[position + offset + 1], in: distribution, alternatives: alternatives)
                    )
                }
                progress(inference.tokens.count)
            }
            return results
        }
    }

    /// The natural logarithm of a completion's probability after a prompt, under the model as it is, whatever chose the tokens.
    /// - Throws: as ``logProbabilities(of:from:alternatives:progress:)``.
    public func logProbability(of completion: [Int], after prompt: Prompt) async throws -> Double {
        try await logProbabilities(of: model.prompt(tokens: prompt.tokens + completion), from: prompt.tokens.count)
            .reduce(0) { $0 + $1.logProbability }
    }
}
