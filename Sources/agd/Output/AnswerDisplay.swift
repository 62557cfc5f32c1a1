import AttributionGuidedDecoding

/// Writes an answer to stdout as it comes: with colour, tokens where guidance chose otherwise than the model are marked, and
/// the model's thoughts are dimmed. On a terminal lines end between words.
struct AnswerDisplay {
    private var reply: ReplyReader
    private let inColor, isSilent: Bool
    private var lines = Terminal.outputIsTerminal ? LineBreaker(width: Terminal.width) : nil
    private(set) var steps: [GenerationStep] = []
    private(set) var pieces: [ReplySplitter.Piece] = []

    /// - Parameter isSilent: collects the answer, and writes nothing.
    init(_ reply: ReplyReader, inColor: Bool, isSilent: Bool = false) {
        self.reply = reply
        self.inColor = inColor
        self.isSilent = isSilent
    }

    /// What the model thought before it answered.
    var thinking: String { pieces.map(\.thinking).joined() }
    var answer: String { pieces.map(\.answer).joined() }

    mutating func show(_ step: GenerationStep) {
        let wasThinking = reply.isThinking
        steps.append(step)
        pieces.append(reply.append(step))
        if isSilent { return }
        guard inColor || lines != nil else { return Terminal.write(step.text) }
        let isThought = wasThinking || reply.isThinking
        let inColor = inColor
        func style(_ text: String) -> String {
            guard inColor else { return text }
            return step.changedByGuidance ? Terminal.marked(text) : isThought ? Terminal.dimmed(text) : text
        }
        Terminal.writeStyled(lines?.append(step.text.printable, style: style) ?? style(step.text.printable))
    }

    /// Writes what has been held back, and the end of the last line.
    mutating func finish() {
        if !isSilent { Terminal.writeStyled((lines?.finish() ?? "") + "\n") }
    }
}
