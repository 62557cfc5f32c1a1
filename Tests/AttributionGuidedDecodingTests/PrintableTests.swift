import Testing

@testable import AttributionGuidedDecoding

@Suite("Text is shown without what a terminal would obey")
struct PrintableTests {
    @Test(
        "control characters and marks of direction are escaped",
        arguments: [
            ("\u{1B}[31mred", "\\u{1B}[31mred"), ("bell\u{7}", "bell\\u{7}"), ("a\rb", "a\\u{D}b"),
            ("\u{9B}2J", "\\u{9B}2J"), ("\u{7F}", "\\u{7F}"), ("abc\u{202E}fed", "abc\\u{202E}fed"),
            ("a\r\nb", "a\\u{D}\nb"),
        ])
    func escaped(text: String, shown: String) { #expect(text.printable == shown) }

    @Test("everything else stays", arguments: ["", "a\tb\n", "你好 👩‍👩‍👧", "e\u{301}", "\\u{1B}"])
    func kept(text: String) { #expect(text.printable == text) }
}
