import AGDInsight
import AttributionGuidedDecoding

/// An answer's tokens as they come, each with the text or the call of a tool that it is a part of.
struct AnswerRecord {
    private(set) var tokens: [AnswerToken] = []
    /// Tokens whose part of the answer is certain.
    private var certainCount = 0

    mutating func append(_ token: ChosenToken) {
        let piece = token.piece
        tokens.append(
            AnswerToken(
                id: token.step.token, text: piece.answer, isThought: piece.answer.isEmpty && !piece.thinking.isEmpty))
        // Of several calls that end with one token, all that came before is the first's.
        if let first = token.calls.first {
            for index in certainCount..<tokens.count where tokens[index].text.isEmpty && !tokens[index].isThought {
                tokens[index].call = .init(number: first.index, first.call)
            }
        }
        if !piece.isEmpty || !token.calls.isEmpty { certainCount = tokens.count }
    }
}
