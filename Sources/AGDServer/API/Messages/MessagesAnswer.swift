import AttributionGuidedDecoding

/// Answers of `/v1/messages`.
struct MessagesAnswer: AnswerFormat {
    let head: AnswerHead

    var streamEndsWithWhole: Bool { head.hasTrace }

    func stream() -> any AnswerStream { MessagesStream(format: self) }

    struct Document: Encodable, Sendable {
        var id: String
        var type = "message"
        var role = "assistant"
        var model: String
        var content: [JSONValue]
        var stopReason, stopSequence: JSONValue
        var usage: JSONValue
        var agd: Trace?
    }

    func whole(_ answers: [Answer], _ usage: Usage) -> any Encodable & Sendable {
        let answer = answers.first ?? Answer()
        let parts = AnswerParts(answer).parts
        let end = answer.tokens.last.flatMap { Self.ending($0.step, parts) }
        return document(parts.map(block), usage, end, head.hasTrace ? Trace(head, 0, answer) : nil)
    }

    /// Why an answer ended, in Anthropic's words.
    struct Ending { var reason, sequence: JSONValue }

    static func ending(_ last: GenerationStep, _ parts: [AnswerPart]) -> Ending? {
        guard let stopReason = last.stopReason else { return nil }
        let callsTools = parts.contains { $0.kind == .call }
        let reason =
            switch stopReason {
            case .endOfGeneration: callsTools ? "tool_use" : "end_turn"
            case .stopString: "stop_sequence"
            case .maximumTokens: "max_tokens"
            case .contextFull: "model_context_window_exceeded"
            case .withheld: "refusal"
            }
        return Ending(reason: .string(reason), sequence: last.stopString.map(JSONValue.string) ?? .null)
    }

    /// - Parameter end: nil while the answer goes on.
    func document(_ content: [JSONValue], _ usage: Usage, _ end: Ending?, _ trace: Trace?) -> Document {
        Document(
            id: head.id, model: head.served.name, content: content, stopReason: end?.reason ?? .null,
            stopSequence: end?.sequence ?? .null, usage: Self.usage(usage), agd: trace)
    }

    static func usage(_ usage: Usage) -> JSONValue {
        let cached = usage.promptTokensDetails.cachedTokens
        let guidance = usage.guidance.map { [JSONValue.Member("agd", $0.json)] } ?? []
        return .object(
            guidance + [
                .init("input_tokens", .number(Double(usage.promptTokens - cached))),
                .init("cache_creation_input_tokens", 0),
                .init("cache_read_input_tokens", .number(Double(cached))),
                .init("output_tokens", .number(Double(usage.completionTokens))),
            ])
    }

    func block(_ part: AnswerPart) -> JSONValue {
        switch part.kind {
        case .thinking: ["type": "thinking", "thinking": .string(part.text), "signature": ""]
        case .text: ["type": "text", "text": .string(part.text)]
        case .call:
            [
                "type": "tool_use", "id": .string(head.id("toolu_", 0, part.call?.index ?? 0)),
                "name": .string(part.call?.call.name ?? ""), "input": part.call?.call.arguments ?? [:],
            ]
        }
    }
}
