import Foundation
import Testing

@testable import AttributionGuidedDecoding
@testable import LaneEngine

@Suite("A text is found in a text by one rule")
struct TextSearchTests {
    private func found(_ wanted: String, in text: String, parts: [Range<Int>]? = nil) -> [String] {
        var search = TextSearch(text)
        let bytes = Array(text.utf8)
        return search.occurrences(of: wanted, in: parts).map { String(decoding: bytes[$0], as: UTF8.self) }
    }

    @Test("Every occurrence is found, those that overlap too: as by looking at every place")
    func everyOccurrence() {
        var generator = SeededGenerator(seed: 5)
        for _ in 0..<500 {
            func word(_ length: ClosedRange<Int>) -> [UInt8] {
                (0..<Int.random(in: length, using: &generator)).map { _ in UInt8.random(in: 97...98, using: &generator)
                }
            }
            let (text, needle) = (word(0...30), word(1...4))
            let expected = text.indices.filter { text[$0...].starts(with: needle) }
            #expect(text.occurrences(of: needle) == expected)
        }
    }

    @Test("Composed and decomposed characters are equal, where no occurrence is exact")
    func canonicalEquivalence() {
        let (composed, decomposed) = ("caf\u{E9}", "cafe\u{301}")
        #expect(
            found(composed, in: "un \(decomposed) noir").map { Array($0.unicodeScalars) } == [
                Array(decomposed.unicodeScalars)
            ])
        #expect(
            found(decomposed, in: "un \(composed) noir").map { Array($0.unicodeScalars) } == [
                Array(composed.unicodeScalars)
            ])
        // An exact occurrence is preferred to an equal one.
        #expect(
            found(composed, in: "\(decomposed) \(composed)").map { Array($0.unicodeScalars) } == [
                Array(composed.unicodeScalars)
            ])
        #expect(found("각", in: "\u{1100}\u{1161}\u{11A8}") == ["\u{1100}\u{1161}\u{11A8}"])
        #expect(found("a\u{301}\u{323}", in: "xa\u{323}\u{301}y") == ["a\u{323}\u{301}"])
        #expect(found("Å", in: "\u{212B}") == ["\u{212B}"])
    }

    @Test("What only begins alike is not equal: a letter is not found in the letter with an accent")
    func wholeCharacters() {
        #expect(found("cafe", in: "caf\u{E9}") == [])
        #expect(found("e", in: "\u{E9}") == [])
        #expect(found("\u{E9}", in: "e") == [])
        #expect(found("\u{1100}\u{1161}", in: "각") == [])
    }

    @Test("The decomposition is Unicode's, for any scalars in any order")
    func decomposition() {
        var generator = SeededGenerator(seed: 8)
        let alphabet = "ae\u{E9}\u{301}\u{323}\u{1EAD}각\u{1161}\u{F73}\u{344} 漢".unicodeScalars.map { $0 }
        for _ in 0..<500 {
            var text = "x"
            for _ in 0..<Int.random(in: 0...8, using: &generator) {
                if let scalar = alphabet.randomElement(using: &generator) { text.unicodeScalars.append(scalar) }
            }
            let equal = text.decomposedStringWithCanonicalMapping
            var search = TextSearch("-\(text)-")
            #expect(
                search.occurrences(of: "-\(equal)-") == [0..<text.utf8.count + 2], "\(text.unicodeScalars.map(\.value))"
            )
        }
    }

    @Test("With parts, only what lies in one of them as a whole is found")
    func parts() {
        #expect(found("ab", in: "ab|ab|ab", parts: [0..<2, 4..<8]) == ["ab", "ab"])
        #expect(found("é", in: "e\u{301}|\u{E9}", parts: [0..<3]).map { $0.unicodeScalars.count } == [2])
    }
}
