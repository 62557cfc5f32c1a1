/// Divides a reply as its tokens come. Marks may be control tokens, which have no text of their own.
public struct ReplyReader: Sendable {
    private let marks: ReasoningMarks
    private let tokenizer: Tokenizer?
    private var splitter: ReplySplitter

    init(_ marks: ReasoningMarks, startsThinking: Bool, tokenizer: Tokenizer?) {
        self.marks = marks
        self.tokenizer = tokenizer
        splitter = ReplySplitter(marks, startsThinking: startsThinking)
    }

    /// Whether the reply is inside its thoughts.
    public var isThinking: Bool { splitter.isThinking }

    /// What has become certain with a step.
    public mutating func append(_ step: GenerationStep) -> ReplySplitter.Piece {
        var piece = splitter.append(step.text + name(ofMarkIn: step.token))
        if step.stopReason != nil {
            let rest = splitter.finish()
            piece.thinking += rest.thinking
            piece.answer += rest.answer
        }
        return piece
    }

    /// The name of a control token that is a part of a mark; empty for others.
    private func name(ofMarkIn token: Int) -> String {
        guard let tokenizer, tokenizer.kind(of: token) == .control, !tokenizer.endsGeneration(token) else { return "" }
        let name = tokenizer.text(of: token)
        return ([marks.opening, marks.closing] + marks.scaffolding).contains { $0.contains(name) } ? name : ""
    }
}

extension LanguageModel {
    /// What tells thoughts from the answer in a reply to `prompt`: by the marks of the template that rendered it, or of the
    /// model's own.
    public func replyReader(after prompt: Prompt) -> ReplyReader {
        let source = prompt.conversation?.template.source ?? tokenizer?.chatTemplateSource
        let marks = ReasoningMarks(templateSource: source)
        return ReplyReader(
            marks, startsThinking: prompt.text.map { marks.areOpen(atEndOf: prompt.openEnd($0)) } ?? false,
            tokenizer: tokenizer)
    }
}

extension Prompt {
    /// The end of the text that the reply goes on with: behind the last message that isn't the assistant's.
    fileprivate func openEnd(_ text: String) -> String {
        let start = messages.last { $0.role != "assistant" && !$0.spans.isEmpty }?.bytes.upperBound ?? 0
        return String(decoding: Array(text.utf8.dropFirst(start)), as: UTF8.self)
    }
}
