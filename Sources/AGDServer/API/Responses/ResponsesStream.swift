import AttributionGuidedDecoding

/// The events of a stream of `/v1/responses`: the answer's items as they are made, and at the end all of it once more.
struct ResponsesStream: AnswerStream {
    private let format: ResponsesAnswer
    private var parts = AnswerParts()
    /// What the end tells beside the parts.
    private var answer = Answer()
    private var reason: StopReason?
    private var sequenceNumber = 0

    init(format: ResponsesAnswer) { self.format = format }

    private struct Event: Encodable, Sendable {
        let type: String
        let sequenceNumber: Int
        var outputIndex, contentIndex, annotationIndex: Int?
        var itemId, item, part, annotation, logprobs: JSONValue?
        var delta, text, name, arguments: String?
        var response: ResponseDocument?
    }

    mutating func opening() -> [StreamEvent] {
        let document = ResponseDocument(format.head, format.request)
        return ["created", "in_progress"].map { name in event(name) { $0.response = document } }
    }

    mutating func events(for event: GenerationEvent) -> [StreamEvent] {
        switch event {
        case .working, .cached, .echo, .nothingWanted: return []
        case .sources(_, let sources):
            answer.sources = sources
            return annotations()
        case .token(_, let token):
            if format.head.request.traces { answer.tokens.append(token) }
            reason = token.step.stopReason
            var changes = parts.append(token)
            if reason != nil { changes += parts.finish() }
            return changes.flatMap { told($0) }
        }
    }

    mutating func closing(_ usage: Usage) -> [StreamEvent] {
        let document = format.document(parts, answer, ending: reason, usage)
        return [event(document.status) { $0.response = document }]
    }

    mutating func failure(_ error: APIError) -> StreamEvent {
        var document = ResponseDocument(format.head, format.request)
        document.status = ResponsesAnswer.Status.failed.rawValue
        document.error = ["code": "server_error", "message": .string(error.message)]
        return event(document.status) { $0.response = document }
    }

    private mutating func told(_ change: AnswerParts.Change) -> [StreamEvent] {
        switch change {
        case .opened(let index): return opened(parts.parts[index], index)
        case .added(let index, let text):
            let part = parts.parts[index]
            return [
                event("\(part.textName).delta", of: part, index) {
                    $0.delta = text
                    if part.kind == .text { $0.logprobs = [] }
                }
            ]
        case .closed(let index): return closed(parts.parts[index], index)
        }
    }

    private mutating func opened(_ part: AnswerPart, _ index: Int) -> [StreamEvent] {
        let item = format.item(part, index, .inProgress)
        let added = event("output_item.added") { ($0.outputIndex, $0.item) = (index, item) }
        guard part.kind != .call else { return [added] }
        let content = format.content(AnswerPart(kind: part.kind))
        return [added, event("content_part.added", of: part, index) { $0.part = content }]
    }

    private mutating func closed(_ part: AnswerPart, _ index: Int) -> [StreamEvent] {
        let sources = index == parts.firstText ? answer.sources : nil
        var events: [StreamEvent] = []
        if part.kind == .call {
            let name = part.call?.call.name
            events = [
                event("function_call_arguments.delta", of: part, index) { $0.delta = part.arguments },
                event("function_call_arguments.done", of: part, index) {
                    ($0.arguments, $0.name) = (part.arguments, name)
                },
            ]
        } else {
            let content = format.content(part, cited: sources)
            events = [
                event("\(part.textName).done", of: part, index) {
                    $0.text = part.text
                    if part.kind == .text { $0.logprobs = [] }
                },
                event("content_part.done", of: part, index) { $0.part = content },
            ]
        }
        let isCut = reason?.isIncomplete == true && index == parts.parts.count - 1
        let item = format.item(part, index, isCut ? .incomplete : .completed, cited: sources)
        return events + [event("output_item.done") { ($0.outputIndex, $0.item) = (index, item) }]
    }

    /// Of the text that they are told for.
    private mutating func annotations() -> [StreamEvent] {
        guard let index = parts.firstText else { return [] }
        let part = parts.parts[index]
        return (answer.sources?.annotations ?? []).enumerated().map { number, annotation in
            event("output_text.annotation.added", of: part, index) {
                ($0.annotationIndex, $0.annotation) = (number, annotation.json)
            }
        }
    }

    private mutating func event(_ name: String, _ fill: (inout Event) -> Void) -> StreamEvent {
        defer { sequenceNumber += 1 }
        var event = Event(type: "response.\(name)", sequenceNumber: sequenceNumber)
        fill(&event)
        return .named(event.type, event)
    }

    /// An event of an item, or of the only content of one.
    private mutating func event(
        _ name: String, of part: AnswerPart, _ index: Int, _ fill: (inout Event) -> Void
    ) -> StreamEvent {
        let id = format.id(part, index)
        return event(name) {
            ($0.outputIndex, $0.itemId) = (index, id)
            if part.kind != .call { $0.contentIndex = 0 }
            fill(&$0)
        }
    }
}

extension AnswerPart {
    /// In the names of events.
    fileprivate var textName: String { kind == .thinking ? "reasoning_text" : "output_text" }
}
