import AGDInsight
import AttributionGuidedDecoding

/// Answers of `/v1/completions`.
struct TextCompletion: ChunkFormat {
    let head: AnswerHead

    struct Document: Encodable, Sendable {
        var id: String
        var object = "text_completion"
        var created: Int
        var model: String
        var choices: [Choice]
        var usage: Usage?
    }
    struct Choice: Encodable, Sendable {
        var index: Int
        var text: String
        @EncodedNull var logprobs: LogProbabilities? = nil
        @EncodedNull var finishReason: String? = nil
        var agd: Trace?
    }
    /// Parallel arrays, one entry a token; the prompt's first token has no probability.
    struct LogProbabilities: Encodable, Sendable {
        var tokens: [String] = []
        var tokenLogprobs: [EncodedNull<Double>] = []
        var topLogprobs: [EncodedNull<[String: Double]>] = []
        var textOffset: [Int] = []
    }

    private func document(_ choices: [Choice], usage: Usage? = nil) -> Document {
        Document(id: head.id, created: head.created, model: head.served.name, choices: choices, usage: usage)
    }

    func opening(_ choice: Int) -> [any Encodable & Sendable] {
        head.hasTrace ? [document([Choice(index: choice, text: "", agd: Trace(head, choice))])] : []
    }

    func chunk(_ choice: Int, _ token: ChosenToken) -> (any Encodable & Sendable)? {
        guard !token.step.text.isEmpty || head.request.traces || token.logProbability != nil else { return nil }
        return document([
            Choice(
                index: choice, text: token.step.text, logprobs: logProbabilities(ofPrompt: nil, choice, [token]),
                agd: head.request.traces ? Trace([token], head.served) : nil)
        ])
    }

    func echo(_ choice: Int, _ rated: [TokenLogProbability]?) -> (any Encodable & Sendable)? {
        document([
            Choice(
                index: choice, text: promptText(choice),
                logprobs: rated.map { logProbabilities(ofPrompt: $0, choice, []) } ?? nil)
        ])
    }

    func sources(_ choice: Int, _ sources: AnswerSources) -> any Encodable & Sendable {
        document([Choice(index: choice, text: "", agd: Trace(sources))])
    }

    func closing(_ choice: Int, _ reason: StopReason?, callsTools: Bool) -> any Encodable & Sendable {
        document([Choice(index: choice, text: "", finishReason: reason?.finishReason ?? "length")])
    }

    func usage(_ usage: Usage) -> any Encodable & Sendable { document([], usage: usage) }

    func whole(_ answers: [Answer], _ usage: Usage) -> any Encodable & Sendable {
        document(
            answers.enumerated().map { index, answer in
                Choice(
                    index: index, text: (head.request.echoes ? promptText(index) : "") + answer.text,
                    logprobs: logProbabilities(
                        ofPrompt: head.request.echoes ? answer.ratedPrompt : nil, index, answer.tokens),
                    finishReason: answer.stopReason?.finishReason ?? "length",
                    agd: head.hasTrace ? Trace(head, index, answer) : nil)
            }, usage: usage)
    }

    private func promptText(_ choice: Int) -> String {
        let prompt = head.request.prompts[head.promptIndex(choice)]
        return prompt.text ?? String(decoding: prompt.tokens.flatMap { head.served.bytes(of: $0) }, as: UTF8.self)
    }

    private func logProbabilities(
        ofPrompt rated: [TokenLogProbability]?, _ choice: Int, _ tokens: [ChosenToken]
    ) -> LogProbabilities? {
        guard head.request.logProbabilityCount != nil else { return nil }
        var result = LogProbabilities()
        var bytes: [UInt8] = []
        func add(_ token: Int, _ entry: TokenLogProbability?) {
            result.textOffset.append(String(decoding: bytes, as: UTF8.self).unicodeScalars.count)
            result.tokens.append(name(token))
            result.tokenLogprobs.append(.init(wrappedValue: entry?.logProbability))
            // OpenAI adds the token itself to the likeliest ones.
            let shown = entry.map { entry in
                (entry.alternatives.map { ($0.token, $0.logProbability) } + [(entry.token, entry.logProbability)])
                    .map { (name($0.0), $0.1) }
            }
            result.topLogprobs.append(.init(wrappedValue: shown.map { Dictionary($0) { first, _ in first } }))
            bytes += head.served.bytes(of: token)
        }
        if let rated, let first = head.request.prompts[head.promptIndex(choice)].tokens.first {
            add(first, nil)
            for entry in rated { add(entry.token, entry) }
        }
        for token in tokens { add(token.step.token, token.logProbability) }
        return result
    }

    /// A token as text, or, where it is a part of a character, its bytes in OpenAI's way.
    private func name(_ token: Int) -> String {
        let bytes = head.served.bytes(of: token)
        if !bytes.isEmpty, String(validating: bytes, as: UTF8.self) == nil {
            let digits = Array("0123456789abcdef")
            return "bytes:" + bytes.map { "\\x\(digits[Int($0 >> 4)])\(digits[Int($0 & 15)])" }.joined()
        }
        return head.served.text(of: token)
    }
}
