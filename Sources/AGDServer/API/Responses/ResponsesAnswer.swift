import AGDInsight
import AttributionGuidedDecoding

/// Answers of `/v1/responses`.
struct ResponsesAnswer: AnswerFormat {
    let head: AnswerHead
    /// What was asked; the answer repeats some of it.
    let request: JSONValue

    var streamEndsWithWhole: Bool { true }

    func stream() -> any AnswerStream { ResponsesStream(format: self) }

    func whole(_ answers: [Answer], _ usage: Usage) -> any Encodable & Sendable {
        let answer = answers.first ?? Answer()
        return document(AnswerParts(answer), answer, ending: answer.stopReason, usage)
    }

    /// How far an answer, or a part of one, has come.
    enum Status: String { case inProgress = "in_progress", completed, incomplete, failed }

    /// - Parameter reason: why the answer ended; nil while it goes on.
    func document(_ parts: AnswerParts, _ answer: Answer, ending reason: StopReason?, _ usage: Usage)
        -> ResponseDocument
    {
        var document = ResponseDocument(head, request)
        document.status = Self.status(reason).rawValue
        if reason?.isIncomplete == true {
            document.incompleteDetails = ["reason": reason == .withheld ? "content_filter" : "max_output_tokens"]
        }
        document.output = parts.parts.enumerated().map { index, part in
            item(
                part, index, index == parts.parts.count - 1 ? Self.status(reason) : .completed,
                cited: index == parts.firstText ? answer.sources : nil)
        }
        let guidance = usage.guidance.map { [JSONValue.Member("agd", $0.json)] } ?? []
        document.usage = .object(
            guidance + [
                .init("input_tokens", .number(Double(usage.promptTokens))),
                .init(
                    "input_tokens_details",
                    ["cached_tokens": .number(Double(usage.promptTokensDetails.cachedTokens)), "cache_write_tokens": 0]),
                .init("output_tokens", .number(Double(usage.completionTokens))),
                .init("output_tokens_details", ["reasoning_tokens": .number(Double(usage.thinkingTokens))]),
                .init("total_tokens", .number(Double(usage.totalTokens))),
            ])
        document.agd = head.hasTrace ? Trace(head, 0, answer) : nil
        return document
    }

    static func status(_ reason: StopReason?) -> Status {
        reason.map { $0.isIncomplete ? .incomplete : .completed } ?? .inProgress
    }

    /// A part of an answer as an item of `output`.
    /// - Parameter sources: what the answer's text rests on.
    func item(_ part: AnswerPart, _ index: Int, _ status: Status, cited sources: AnswerSources? = nil) -> JSONValue {
        let state = JSONValue.Member("status", .string(status.rawValue))
        let begun = status != .inProgress
        switch part.kind {
        case .thinking:
            return .object([
                .init("id", id(part, index)), .init("type", "reasoning"), state, .init("summary", []),
                .init("content", begun ? [content(part)] : []),
            ])
        case .text:
            return .object([
                .init("id", id(part, index)), .init("type", "message"), state, .init("role", "assistant"),
                .init("content", begun ? [content(part, cited: sources)] : []),
            ])
        case .call:
            return .object([
                .init("id", id(part, index)), .init("type", "function_call"), state,
                .init("call_id", .string(head.id("call_", 0, part.call?.index ?? 0))),
                .init("name", .string(part.call?.call.name ?? "")),
                .init("arguments", .string(begun ? part.arguments : "")),
            ])
        }
    }

    /// The content of an item that is said or thought.
    func content(_ part: AnswerPart, cited sources: AnswerSources? = nil) -> JSONValue {
        guard part.kind == .text else { return ["type": "reasoning_text", "text": .string(part.text)] }
        return [
            "type": "output_text", "text": .string(part.text), "logprobs": [],
            "annotations": .array((sources?.annotations ?? []).map(\.json)),
        ]
    }

    func id(_ part: AnswerPart, _ index: Int) -> JSONValue {
        let prefix =
            switch part.kind {
            case .thinking: "rs_"
            case .text: "msg_"
            case .call: "fc_"
            }
        return .string(head.id(prefix, 0, index))
    }
}

extension AnswerPart {
    /// Of a call, as JSON.
    var arguments: String { call?.call.arguments.text ?? "{}" }
}

extension Annotation {
    /// As `/v1/responses` has citations: without a level that chat completions have.
    var json: JSONValue {
        [
            "type": .string(type), "start_index": .number(Double(urlCitation.startIndex)),
            "end_index": .number(Double(urlCitation.endIndex)), "title": .string(urlCitation.title),
            "url": .string(urlCitation.url),
        ]
    }
}
