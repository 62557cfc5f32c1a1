import AGDInsight
import AttributionGuidedDecoding

/// A reply by one of several methods that are set side by side.
struct ComparedReply {
    let steps: [GenerationStep]
    let pieces: [ReplySplitter.Piece]

    /// Without the model's thoughts.
    var text: String { pieces.map(\.answer).joined() }
    var tokens: [Int] { steps.map(\.token) }
    /// As sources are found for.
    var answer: [AnswerToken] { AnswerToken.all(steps, pieces: pieces) }

    /// Decodes a reply in caches that hold nothing.
    /// - Parameter regions: that the method is about.
    static func decode(
        _ prompt: Prompt, by method: DecodingMethod, regions: [RegionSpecification],
        constraints: DecodingConstraints = DecodingConstraints(), maximumTokens: Int, in session: Session
    ) async throws -> ComparedReply {
        await session.reset()
        let (prompt, strategy) = try method.decoding(
            of: MarkedPrompt(prompt, regions: regions), with: session.model,
            reverse: .init(threadCount: session.options.threadCount))
        var reader = session.model.replyReader(after: prompt)
        var (steps, pieces): ([GenerationStep], [ReplySplitter.Piece]) = ([], [])
        for try await step in try session.generate(
            prompt, strategy: strategy, limits: GenerationLimits(maximumTokens: maximumTokens),
            constraints: constraints)
        {
            steps.append(step)
            pieces.append(reader.append(step))
        }
        return ComparedReply(steps: steps, pieces: pieces)
    }

    /// Mean of the negative log-probabilities of its tokens, in nats, after a prompt and with nothing asked of them.
    func surprise(after prompt: Prompt, in session: Session) async throws -> Double {
        guard !tokens.isEmpty else { return 0 }
        return -(try await session.logProbability(of: tokens, after: prompt)) / Double(tokens.count)
    }

    /// Share of tokens that end a sequence of four that was there before.
    var repeatedShare: Double {
        tokens.isEmpty ? 0 : Double(Sample.repetitions(tokens)) / Double(tokens.count)
    }
}

extension DecodingMethod {
    /// A method by its name and its options' texts.
    static func named(_ name: String, _ options: [String: String] = [:]) throws -> DecodingMethod {
        guard let kind = kind(named: name) else { return .greedy }
        return try kind.method(options)
    }
}
