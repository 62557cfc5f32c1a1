import AGDInsight
import AttributionGuidedDecoding

/// Answers of `/v1/chat/completions`.
struct ChatCompletion: ChunkFormat {
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
    struct Message: Encodable, Sendable {
        var role: String?
        /// Null where a whole message only calls tools; missing where a chunk has no text.
        var content: JSONValue?
        var reasoningContent: String?
        var toolCalls: [ToolCall]?
        /// Where sources were asked for.
        var annotations: [Annotation]?
    }
    struct ToolCall: Encodable, Sendable {
        struct Function: Encodable, Sendable { var name, arguments: String }
        /// In a chunk.
        var index: Int?
        var id: String
        var type = "function"
        var function: Function
    }
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
        guard !token.piece.isEmpty || !token.calls.isEmpty || head.request.traces || token.logProbability != nil else {
            return nil
        }
        return document([
            Choice(
                index: choice,
                delta: Message(
                    content: .string(token.piece.answer),
                    reasoningContent: token.piece.thinking.isEmpty ? nil : token.piece.thinking,
                    toolCalls: toolCalls(choice, token.calls, inChunk: true)),
                logprobs: logProbabilities([token]),
                agd: head.request.traces ? Trace([token], head.served) : nil)
        ])
    }

    func echo(_ choice: Int, _ rated: [TokenLogProbability]?) -> (any Encodable & Sendable)? { nil }

    func sources(_ choice: Int, _ sources: AnswerSources) -> any Encodable & Sendable {
        document([
            Choice(index: choice, delta: Message(annotations: sources.annotations), agd: Trace(sources))
        ])
    }

    func closing(_ choice: Int, _ reason: StopReason?, callsTools: Bool) -> any Encodable & Sendable {
        document([Choice(index: choice, delta: Message(), finishReason: finishReason(reason, callsTools: callsTools))])
    }

    private func finishReason(_ reason: StopReason?, callsTools: Bool) -> String {
        let reason = reason?.finishReason ?? "stop"
        return callsTools && reason == "stop" ? "tool_calls" : reason
    }

    private func toolCalls(_ choice: Int, _ calls: [NumberedCall], inChunk: Bool) -> [ToolCall]? {
        guard !calls.isEmpty else { return nil }
        return calls.map { numbered in
            ToolCall(
                index: inChunk ? numbered.index : nil, id: head.id("call_", choice, numbered.index),
                function: .init(name: numbered.call.name, arguments: numbered.call.arguments.text))
        }
    }

    func usage(_ usage: Usage) -> any Encodable & Sendable { document([], usage: usage) }

    func whole(_ answers: [Answer], _ usage: Usage) -> any Encodable & Sendable {
        document(
            answers.enumerated().map { index, answer in
                let calls = answer.tokens.flatMap(\.calls)
                let text = answer.tokens.map(\.piece.answer).joined()
                return Choice(
                    index: index,
                    message: Message(
                        role: "assistant", content: text.isEmpty && !calls.isEmpty ? .null : .string(text),
                        reasoningContent: answer.thinking.isEmpty ? nil : answer.thinking,
                        toolCalls: toolCalls(index, calls, inChunk: false),
                        annotations: answer.sources?.annotations),
                    logprobs: logProbabilities(answer.tokens),
                    finishReason: finishReason(answer.stopReason, callsTools: !calls.isEmpty),
                    agd: head.hasTrace ? Trace(head, index, answer) : nil)
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
