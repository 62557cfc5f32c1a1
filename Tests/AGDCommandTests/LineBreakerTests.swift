import Foundation
import Testing

@testable import agd

@Suite("Lines of an answer end between words")
struct LineBreakerTests {
    /// What a terminal of some width shows after pieces of text.
    private func lines(_ pieces: [String], width: Int) -> [String] {
        var breaker = LineBreaker(width: width)
        let shown = pieces.map { breaker.append($0) }.joined() + breaker.finish()
        return shown.components(separatedBy: "\n")
    }

    @Test("whatever pieces the text comes in")
    func pieces() {
        let text = "The quick brown fox  jumps\n\n  over it"
        let expected = ["The quick", "brown fox", "jumps", "", "  over it"]
        for size in 1...text.count {
            let characters = Array(text)
            let pieces = stride(from: 0, to: characters.count, by: size).map {
                String(characters[$0..<min($0 + size, characters.count)])
            }
            #expect(lines(pieces, width: 10) == expected, "\(size)")
        }
    }

    @Test("and a word that is wider than a line is left to the terminal")
    func long() {
        #expect(lines(["a ", "bbbbbbbbbbbb", " c d"], width: 5) == ["a", "bbbbbbbbbbbb c", "d"])
    }

    @Test("where nothing is cut, nothing is changed")
    func fits() {
        for text in ["", " ", "a  b", "a\nb\n", "    code {\n\tx\n}", "日本語", "👩‍👩‍👧 ok"] {
            let shown = lines([text], width: 80).joined(separator: "\n")
            #expect(shown == text || shown + " " == text, "\(text)")
        }
    }

    @Test("scripts without spaces break anywhere, at two columns a character")
    func wide() {
        #expect(lines(["東京は", "首都です"], width: 6) == ["東京は", "首都で", "す"])
    }

    @Test("marks and dimming have no width")
    func styled() {
        var breaker = LineBreaker(width: 7)
        let shown = breaker.append("one") + breaker.append(" two", style: { "<\($0)>" }) + breaker.append("s three")
        #expect(shown + breaker.finish() == "one\n<two>s\nthree")
    }
}
