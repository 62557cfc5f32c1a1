import AttributionGuidedDecoding
import Testing

@testable import AGDEvaluation

@Suite("Text behaves as in Python")
struct PythonTextTests {
    @Test("a text is a sequence of scalars, equal scalar by scalar")
    func scalars() {
        #expect(PythonText("a\r\nb").count == 4)
        #expect(PythonText("e\u{301}").count == 2)
        #expect(PythonText("e\u{301}") != PythonText("é"))
    }

    @Test("splitting at a newline leaves the carriage return behind")
    func splitting() {
        #expect(PythonText("a\r\nb\n").lines() == ["a\r", "b", ""])
        #expect(PythonText("").lines() == [""])
        #expect(PythonText("*****").split(separator: "**") == ["", "", "*"])
        #expect(PythonText(" a\u{1C}b\u{3000}\u{85}c ").words() == ["a", "b", "c"])
    }

    @Test(
        "white space is stripped, zero-width marks are not",
        arguments: [
            ("\u{A0}\u{2028}a\u{1F}", "a"), ("\u{200B}a\u{FEFF}", "\u{200B}a\u{FEFF}"), (" \n\t ", ""),
        ])
    func stripping(text: String, stripped: String) {
        #expect(PythonText(text).strip() == PythonText(stripped))
    }

    @Test(
        "a word is a run of letters, numbers and underscores; a combining mark ends it",
        arguments: [
            ("don't a_b 3.14 twenty-one", 7), ("x² ½ Ⅷ ①", 4), ("नमस्ते", 2), ("e\u{301}a", 2), ("日本語。", 1), ("…", 0),
        ])
    func words(text: String, count: Int) {
        #expect(PythonText(text).wordRuns().count == count)
    }

    @Test(
        "lower-casing is Unicode's, with a final sigma",
        arguments: [
            ("ΑΣ", "ας"), ("ΑΣΑ", "ασα"), ("Σ", "σ"), ("ΑΣ.", "ας."), ("Α.Σ", "α.ς"), ("İ", "i\u{307}"), ("K", "k"),
        ])
    func lowerCasing(text: String, lower: String) {
        #expect(PythonText(text).lower() == PythonText(lower))
    }

    @Test(
        "a text is upper-case when something is and nothing is lower-case",
        arguments: [("A1!", true), ("1", false), ("Aa", false), ("Ⅷ", true), ("ǅ", false), ("ª", false), ("", false)])
    func upperCase(text: String, isUpper: Bool) {
        #expect(PythonText(text).isUpper == isUpper)
    }

    @Test(
        "ignoring case, scalars match that share a capital, and ß matches no ss",
        arguments: [
            ("K", "k", true), ("ſ", "S", true), ("ı", "I", true), ("İ", "i", true), ("ς", "Σ", true), ("µ", "Μ", true),
            ("ß", "s", false), ("ß", "ẞ", true), ("ﬅ", "ﬆ", true), ("é", "e", false),
        ])
    func ignoringCase(first: String, second: String, equal: Bool) {
        #expect((PythonText(first).caseKeys() == PythonText(second).caseKeys()) == equal)
    }

    @Test("joining what splitting gave is the text again")
    func splittingAndJoining() {
        var random = RandomTexts(seed: 1)
        for _ in 0..<300 {
            let text = random.text(upTo: 40)
            for separator in ["\n", "***", "a", " "] as [PythonText] {
                #expect(PythonText.join(text.split(separator: separator), with: separator) == text)
            }
            #expect(text.strip().strip() == text.strip())
            #expect(text.lower().lower() == text.lower())
            #expect(text.caseKeys().caseKeys() == text.caseKeys())
        }
    }
}

/// Texts made of the pieces that scorers trip over.
struct RandomTexts {
    private var generator: SeededGenerator
    private static let pieces: [PythonText] = [
        "a", "the", "Mr.", "U.S.", "3.14", "I", "*", "**", "***", "-", "\"", "'", "\n", "\n\n", "\r\n", " ", "  ", "\t",
        ".",
        "!", "?", "...", ",", "[", "]", "<<", ">>", "{", "}", "P.S.", "é", "e\u{301}", "Σ", "ß", "日本", "नम", "\u{2028}",
        "\u{A0}", "\u{200B}", "😀", "Section 1", "```json", "My answer is yes.", "hello", "World",
    ]

    init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

    mutating func text(upTo pieces: Int) -> PythonText {
        var text = PythonText()
        for _ in 0..<Int.random(in: 0...pieces, using: &generator) {
            text += Self.pieces.randomElement(using: &generator) ?? ""
        }
        return text
    }
}
