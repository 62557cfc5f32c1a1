import Testing

@testable import LaneEngine

@Suite("Tokens are shown as whole characters, or by their bytes")
struct TokenTextTests {
    @Test(
        "bytes that are no character stand as such among those that are",
        arguments: [
            ([], ""), ([0x61], "a"), ([0xE4, 0xBD, 0xA0], "你"), ([0xE4, 0xBD], "\\xE4\\xBD"), ([0xA0], "\\xA0"),
            ([0x20, 0xF0, 0x9F], " \\xF0\\x9F"), ([0x9F, 0x61, 0xC3], "\\x9Fa\\xC3"), ([0xFF, 0x00], "\\xFF\0"),
            ([0xEF, 0xBF, 0xBD], "\u{FFFD}"),
        ] as [([UInt8], String)])
    func bytes(bytes: [UInt8], text: String) {
        #expect(TokenText.text(of: bytes) == text)
        #expect(TokenText.inexactBytes(bytes) == (text.contains("\\x") ? bytes : nil))
    }

    /// What is shown where a text is divided into tokens of `size` bytes.
    private static func words(_ text: String, size: Int) -> [String] {
        let bytes = Array(text.utf8)
        let tokens = stride(from: 0, to: bytes.count, by: size).map { Array(bytes[$0..<min($0 + size, bytes.count)]) }
        return TokenText.runs(of: tokens).map { TokenText.text(of: tokens[$0].joined()) }
    }

    @Test(
        "however a text is divided, no character is",
        arguments: ["你好世界", "مرحبا", "👩‍👩‍👧 🇫🇷🇩🇪", "e\u{301}a", "नमस्ते", "한국어", "plain"], [1, 2, 3, 5])
    func anyDivision(text: String, size: Int) {
        let words = Self.words(text, size: size)
        #expect(words.joined() == text)
        #expect(words.map(\.count).reduce(0, +) == text.count)
        // As short as can be: byte by byte, every character is a word.
        if size == 1 { #expect(words == text.map(String.init)) }
    }

    @Test("a character that is never ended doesn't take what follows with it")
    func unfinished() {
        let tokens: [[UInt8]] = [[0xE4], [0xBD], Array("<|im_end|>".utf8), [0xF0, 0x9F]]
        #expect(TokenText.runs(of: tokens) == [0..<2, 2..<3, 3..<4])
        #expect(TokenText.runs(of: []).isEmpty)
        #expect(TokenText.runs(of: [[], [0x61], []]) == [0..<1, 1..<2, 2..<3])
    }
}
