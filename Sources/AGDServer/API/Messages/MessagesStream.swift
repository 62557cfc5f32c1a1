import AttributionGuidedDecoding

/// The events of a stream of `/v1/messages`: the answer's blocks as they are made.
struct MessagesStream: AnswerStream {
    private let format: MessagesAnswer
    private var parts = AnswerParts()
    /// What a trace is made of, where one is told at the end.
    private var answer = Answer()
    private var end: MessagesAnswer.Ending?

    init(format: MessagesAnswer) { self.format = format }

    private struct Event: Encodable, Sendable {
        let type: String
        var index: Int?
        var message: MessagesAnswer.Document?
        var contentBlock, delta, usage: JSONValue?
        var agd: Trace?
    }

    func opening() -> [StreamEvent] {
        [event("message_start") { $0.message = format.document([], Usage(format.head.request), nil, nil) }]
    }

    mutating func events(for event: GenerationEvent) -> [StreamEvent] {
        switch event {
        case .working, .cached, .echo, .nothingWanted: return []
        case .sources(_, let sources):
            answer.sources = sources
            return []
        case .token(_, let token):
            if format.head.request.traces { answer.tokens.append(token) }
            var changes = parts.append(token)
            if token.step.stopReason != nil { changes += parts.finish() }
            end = MessagesAnswer.ending(token.step, parts.parts)
            return changes.flatMap(told)
        }
    }

    func closing(_ usage: Usage) -> [StreamEvent] {
        let last = event("message_delta") {
            $0.delta = ["stop_reason": end?.reason ?? .null, "stop_sequence": end?.sequence ?? .null]
            $0.usage = MessagesAnswer.usage(usage)
            $0.agd = format.head.hasTrace ? Trace(format.head, 0, answer) : nil
        }
        return [last, event("message_stop") { _ in }]
    }

    func failure(_ error: APIError) -> StreamEvent { .named("error", Dialect.anthropic.body(of: error)) }

    private func told(_ change: AnswerParts.Change) -> [StreamEvent] {
        switch change {
        case .opened(let index):
            let block = format.block(parts.parts[index].begun)
            return [event("content_block_start") { ($0.index, $0.contentBlock) = (index, block) }]
        case .added(let index, let text):
            let kind = parts.parts[index].kind == .thinking ? "thinking" : "text"
            return [delta(index, .object([.init("type", .string("\(kind)_delta")), .init(kind, .string(text))]))]
        case .closed(let index):
            let part = parts.parts[index]
            let arguments =
                part.kind == .call
                ? [delta(index, ["type": "input_json_delta", "partial_json": .string(part.arguments)])] : []
            return arguments + [event("content_block_stop") { $0.index = index }]
        }
    }

    private func delta(_ index: Int, _ delta: JSONValue) -> StreamEvent {
        event("content_block_delta") { ($0.index, $0.delta) = (index, delta) }
    }

    private func event(_ type: String, _ fill: (inout Event) -> Void) -> StreamEvent {
        var event = Event(type: type)
        fill(&event)
        return .named(type, event)
    }
}
