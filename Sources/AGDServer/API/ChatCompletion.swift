import AttributionGuidedDecoding

/// Answers of `/v1/chat/completions`.
struct ChatCompletion: AnswerFormat {
    let head: AnswerHead

    struct Document: Encodable, Sendable {
        var id, object: String
        var created: Int
        var model: String
        var choices: [Choice]
        var usage: Usage?
    }
    struct Choice: Encodable, Sendable {
        var index: Int
        /// In a whole answer.
        var message: Message?
        /// In a chunk.
        var delta: Message?
        @EncodedNull var logprobs: LogProbabilities? = nil
        @EncodedNull var finishReason: String? = nil
        var agd: Trace?
    }
    struct Message: Encodable, Sendable { var role, content, reasoningContent: String? }
    struct LogProbabilities: Encodable, Sendable { var content: [TokenEntry] }
    struct TokenEntry: Encodable, Sendable {
        var token: String
        var logprob: Double
        var bytes: [UInt8]
        var topLogprobs: [TopEntry]
    }
    struct TopEntry: Encodable, Sendable {
        var token: String
        var logprob: Double
        var bytes: [UInt8]
    }

    private func document(_ choices: [Choice], usage: Usage? = nil, isChunk: Bool = true) -> Document {
        Document(
            id: head.id, object: isChunk ? "chat.completion.chunk" : "chat.completion", created: head.created,
            model: head.served.name,
            choices: choices, usage: usage)
    }

    func opening(_ choice: Int) -> [any Encodable & Sendable] {
        [
            document([
                Choice(
                    index: choice, delta: Message(role: "assistant", content: ""),
                    agd: head.hasTrace ? Trace(head, choice) : nil)
            ])
        ]
    }

    func chunk(_ choice: Int, _ token: ChosenToken) -> (any Encodable & Sendable)? {
        guard !token.piece.isEmpty || head.request.traces || token.logProbability != nil else {
            return nil
        }
        return document([
            Choice(
                index: choice,
                delta: Message(
                    content: token.piece.answer,
                    reasoningContent: token.piece.thinking.isEmpty ? nil : token.piece.thinking),
                logprobs: logProbabilities([token]),
                agd: head.request.traces ? Trace([token], head.served) : nil)
        ])
    }

    func echo(_ choice: Int, _ rated: [TokenLogProbability]?) -> (any Encodable & Sendable)? { nil }

    func closing(_ choice: Int, _ reason: StopReason?) -> any Encodable & Sendable {
        document([Choice(index: choice, delta: Message(), finishReason: reason?.finishReason ?? "stop")])
    }

    func usage(_ usage: Usage) -> any Encodable & Sendable { document([], usage: usage) }

    func whole(_ answers: [Answer], _ usage: Usage) -> any Encodable & Sendable {
        document(
            answers.enumerated().map { index, answer in
                Choice(
                    index: index,
                    message: Message(
                        role: "assistant", content: answer.tokens.map(\.piece.answer).joined(),
                        reasoningContent: answer.thinking.isEmpty ? nil : answer.thinking),
                    logprobs: logProbabilities(answer.tokens), finishReason: answer.stopReason?.finishReason ?? "stop",
                    agd: head.hasTrace ? Trace(head, index, answer.tokens) : nil)
            }, usage: usage, isChunk: false)
    }

    private func logProbabilities(_ tokens: [ChosenToken]) -> LogProbabilities? {
        guard head.request.logProbabilityCount != nil else { return nil }
        return LogProbabilities(
            content: tokens.compactMap(\.logProbability).map { entry in
                TokenEntry(
                    token: head.served.text(of: entry.token), logprob: entry.logProbability,
                    bytes: head.served.bytes(of: entry.token),
                    topLogprobs: entry.alternatives.map {
                        TopEntry(
                            token: head.served.text(of: $0.token), logprob: $0.logProbability,
                            bytes: head.served.bytes(of: $0.token))
                    })
            })
    }
}
