extension ModelConfiguration {
    /// Whether texts have embeddings: the file says how they are made, and it is a way that a decoder has.
    public var hasEmbeddings: Bool { pooling == .mean || pooling == .last }
}

extension Session {
    /// A text as a vector of length 1, `[embeddingLength]`: the last hidden states behind the output norm, put together as the
    /// model's file says (`pooling_type`).
    /// - Throws: ``GenerationError`` for a prompt that is too long and for a model that makes no embeddings, ``InferenceError``,
    ///   ``TensorGraphError``.
    public func embedding(of prompt: Prompt) async throws -> [Float] {
        let (configuration, tokens) = (model.configuration, prompt.tokens)
        guard configuration.hasEmbeddings else {
            throw GenerationError.invalid(
                field: "model", problem: "makes no embeddings: its file names no pooling of a decoder's hidden states")
        }
        guard tokens.count <= options.contextLength else {
            throw GenerationError.promptTooLong(promptLength: tokens.count, contextLength: options.contextLength)
        }
        return try await alone { session in
            if configuration.pooling == .last { return try session.lastHidden(of: tokens).normalised }
            return try session.sumOfHidden(of: tokens).normalised
        }
    }

    /// At the last token; of those before it only what the caches don't hold is read.
    private func lastHidden(of tokens: [Int]) throws -> [Float] {
        let inference = try prepared([], rule: .attnLRP, for: Array(tokens.dropLast()), room: 1)
        return try inference.append(Array(tokens[inference.tokens.count...])) { _ in try Task.checkCancellation() }
            .hidden
    }

    /// Over all tokens, which are read anew.
    private func sumOfHidden(of tokens: [Int]) throws -> [Float] {
        let inference = try prepared([], rule: .attnLRP, for: [], room: tokens.count)
        var sum = [Float](repeating: 0, count: model.configuration.embeddingLength)
        while inference.tokens.count < tokens.count {
            try Task.checkCancellation()
            let position = inference.tokens.count
            let end = min(tokens.count, position + inference.everyPositionChunkLength)
            let read = try inference.append(Array(tokens[position..<end]), output: .everyPosition)
            for state in read.hiddenStates { for (index, value) in state.enumerated() { sum[index] += value } }
        }
        return sum
    }
}

extension [Float] {
    /// Divided by its length.
    fileprivate var normalised: [Float] {
        let length = reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
        return length == 0 ? self : map { Float(Double($0) / length) }
    }
}
