import Testing

@testable import AGDServer
@testable import AttributionGuidedDecoding

@Suite("Parts of an answer")
struct AnswerPartsTests {
    private func token(thinking: String = "", answer: String = "", calls: [String] = []) -> ChosenToken {
        ChosenToken(
            step: GenerationStep(
                position: 0, entropy: 0, choice: Choice(token: 0, guided: false, candidates: []), logProbability: 0,
                greedy: 0, text: "", stopReason: nil, stopString: nil),
            piece: .init(thinking: thinking, answer: answer),
            calls: calls.enumerated().map { NumberedCall(index: $0, call: .init(name: $1, arguments: .object([]))) })
    }

    @Test("Tokens of one kind are one part; another kind, and every call, begins the next")
    func kinds() {
        var parts = AnswerParts()
        for token in [
            token(thinking: "I "), token(), token(thinking: "think."), token(answer: "I "), token(answer: "say."),
            token(calls: ["a", "b"]), token(answer: "End."),
        ] { _ = parts.append(token) }
        _ = parts.finish()
        #expect(parts.parts.map(\.kind) == [.thinking, .text, .call, .call, .text])
        #expect(parts.parts.map(\.text) == ["I think.", "I say.", "", "", "End."])
        #expect(parts.parts.compactMap(\.call?.call.name) == ["a", "b"])
        #expect(parts.firstText == 1)
    }

    @Test("Each part is opened and closed once, in their order, and what is added spells it")
    func changes() {
        var parts = AnswerParts()
        var told: [String] = []
        func tell(_ changes: [AnswerParts.Change]) {
            for change in changes {
                switch change {
                case .opened(let index): told.append("+\(index)")
                case .added(let index, let text): told.append("\(index):\(text)")
                case .closed(let index): told.append("-\(index)")
                }
            }
        }
        tell(parts.append(token(thinking: "a", answer: "b")))
        tell(parts.append(token(answer: "c", calls: ["f"])))
        tell(parts.finish())
        tell(parts.finish())
        #expect(told == ["+0", "0:a", "-0", "+1", "1:b", "1:c", "-1", "+2", "-2"])
    }

    @Test("An answer of nothing is an empty text")
    func nothing() {
        var parts = AnswerParts()
        #expect(parts.append(token()).isEmpty)
        #expect(parts.finish().count == 2)
        #expect(parts.parts.map(\.kind) == [.text] && parts.parts[0].text.isEmpty)
    }
}
