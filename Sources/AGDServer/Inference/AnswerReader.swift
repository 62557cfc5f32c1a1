import AttributionGuidedDecoding

/// Divides an answer as its tokens come: thoughts, text, and calls of tools.
struct AnswerReader {
    private var reply: ReplyReader
    private let format: ToolCallFormat?
    private var calls: ToolCallReader?
    private let tokenizer: Tokenizer?

    init(_ prompt: Prompt, _ model: LanguageModel, toolCalls format: ToolCallFormat?) {
        reply = model.replyReader(after: prompt)
        self.format = format
        calls = format.map(ToolCallReader.init)
        tokenizer = model.tokenizer
    }

    mutating func read(_ step: GenerationStep) -> (piece: ReplySplitter.Piece, calls: [ChatMessage.ToolCall]) {
        var piece = reply.append(step)
        guard var reader = calls else { return (piece, []) }
        var told = reader.append(piece.answer + (format?.name(ofMark: step.token, tokenizer) ?? ""))
        if step.stopReason != nil { told.text += reader.finish().text }
        calls = reader
        piece.answer = told.text
        return (piece, told.calls)
    }
}
