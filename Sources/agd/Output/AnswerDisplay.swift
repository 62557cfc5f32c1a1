import AttributionGuidedDecoding

/// Writes an answer to stdout as it comes: with colour, tokens where guidance chose otherwise than the model are marked, and
/// the model's thoughts are dimmed.
struct AnswerDisplay {
    private var reply: ReplyReader
    private let inColor, isSilent: Bool
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
        guard inColor else { return Terminal.write(step.text) }
        if step.changedByGuidance {
            Terminal.writeStyled(Terminal.marked(step.text))
        } else {
            let isThought = wasThinking || reply.isThinking
            Terminal.writeStyled(isThought ? Terminal.dimmed(step.text) : step.text.printable)
        }
    }
}
