import Foundation
import Testing

@testable import AttributionGuidedDecoding

@Suite("Patterns match what regular expressions match, in bounded time")
struct PatternTests {
    private func matches(_ pattern: String, _ text: String) throws -> [String] {
        var steps = Pattern.stepLimit
        let bytes = Array(text.utf8)
        return try Pattern(pattern).matches(in: text, remainingSteps: &steps).map {
            String(decoding: bytes[$0], as: UTF8.self)
        }
    }

    @Test(
        "Each part of the language has its meaning",
        arguments: [
            ("a+", "caat a", ["aa", "a"]), ("colou?r", "color colour", ["color", "colour"]), ("a|ab", "ab", ["a"]),
            ("(?:ab|a)c", "ac abc", ["ac", "abc"]), ("a{2}", "aaaaa", ["aa", "aa"]), ("a{2,}", "a aaa", ["aaa"]),
            ("a{1,2}", "aaa", ["aa", "a"]), ("a+?", "aa", ["a", "a"]), ("<.*?>", "<b>x</b>", ["<b>", "</b>"]),
            ("[a-c]+", "xabcd", ["abc"]), ("[^a-c]+", "abxyc", ["xy"]), ("[]a]+", "]a", ["]a"]),
            ("\\d+ F", "12 Füchse", ["12 F"]), ("\\w+", "é漢_1 x", ["é漢_1", "x"]), ("\\bx\\b", "x ax x", ["x", "x"]),
            ("^a", "aa", ["a"]), ("b$", "bb", ["b"]), ("(?m)^.", "ab\ncd", ["a", "c"]), (".+", "a\nb", ["a", "b"]),
            ("(?s).+", "a\nb", ["a\nb"]), ("(?i)grün", "GRÜN Grün", ["GRÜN", "Grün"]), ("(a*)*b", "aab", ["aab"]),
            ("\\.", "a.b", ["."]), ("x*", "axx", ["xx"]), ("", "abc", []),
        ])
    func meaning(pattern: String, text: String, expected: [String]) throws {
        #expect(try matches(pattern, text) == expected)
    }

    @Test("Swift's own expressions find the same, for any pattern and text of a small language")
    func agreesWithSwift() throws {
        var generator = SeededGenerator(seed: 11)
        let atoms = ["a", "b", "c", ".", "[ab]", "[^a]", "\\w", "(?:ab|c)", "(a|b)", "^", "$"]
        for _ in 0..<400 {
            let pattern = (0..<Int.random(in: 1...4, using: &generator)).compactMap { _ -> String? in
                guard let atom = atoms.randomElement(using: &generator) else { return nil }
                if atom == "^" || atom == "$" { return atom }
                return atom
                    + (["", "", "*", "+", "?", "*?", "+?", "{2}", "{1,2}", "|"].randomElement(using: &generator) ?? "")
            }.joined()
            let text = String(
                (0..<Int.random(in: 0...12, using: &generator)).compactMap { _ in
                    "abc ".randomElement(using: &generator)
                })
            let expected = text.ranges(of: try Regex(pattern)).map { String(text[$0]) }.filter { !$0.isEmpty }
            #expect(try matches(pattern, text) == expected, "\(pattern) in '\(text)'")
        }
    }

    @Test(
        "What takes other matchers for ever takes this one a moment, or is refused",
        arguments: ["(a+)+$", "\u{301}|(a+)+$", "(a|aa)+$", "(a|a)*$", "((((a*)*)*)*)*$", "a{0,200}a{0,200}$"])
    func boundedTime(pattern: String) throws {
        let text = String(repeating: "a", count: 2000) + "!"
        var steps = Pattern.stepLimit
        #expect(try Pattern(pattern).matches(in: text, remainingSteps: &steps) == [])
        #expect(steps > 0)
    }

    @Test(
        "A search that ends nowhere, from every place again, is stopped: it would take the square of the text's length")
    func stepLimit() throws {
        var steps = 1_000_000
        #expect(throws: PatternError.tooManySteps) {
            try Pattern("a*b|a").matches(in: String(repeating: "a", count: 20_000), remainingSteps: &steps)
        }
    }

    @Test(
        "A step counts what it takes: sets of many parts come to the limit sooner",
        arguments: ["[\\w\\W\\s\\S\\d\\D]", "(?i)[a-zäöü\\w]", "[a-cd-fg-ij-lm-op-rs-uv-xyzäöü]"])
    func costlySets(pattern: String) throws {
        func steps(_ pattern: String) throws -> Int {
            var steps = 1_000_000
            _ = try Pattern(pattern).matches(in: String(repeating: "ж", count: 1000), remainingSteps: &steps)
            return 1_000_000 - steps
        }
        #expect(try steps(pattern) > 2 * steps("a"))
    }

    @Test("Without regard to case a character is found as each of its cases", arguments: ["kK", "äÄ", "zZ"])
    func cases(letters: String) throws {
        for letter in letters.unicodeScalars {
            var steps = 1000
            let pattern = try Pattern("(?i)\(letter)")
            #expect(try pattern.matches(in: letters, remainingSteps: &steps).count == letters.unicodeScalars.count)
        }
    }

    @Test("A pattern stops when its task is cancelled")
    func cancelled() async throws {
        let task = Task {
            while !Task.isCancelled { await Task.yield() }
            var steps = Pattern.stepLimit
            return try Pattern("a*b").matches(in: String(repeating: "a", count: 100_000), remainingSteps: &steps)
        }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }

    @Test(
        "What isn't known, or too large, is an error with its place",
        arguments: [
            "(a", "a)", "[a", "a**", "*a", "(?=a)", "(?<n>a)", "\\1", "\\p{L}", "a{3,2}", "a{", "[b-a]", "^*", "\\",
            "(a{100}){100}", "((((((){999}){999}){999}){999}){999}){999}", String(repeating: "(", count: 100_000),
        ])
    func errors(pattern: String) {
        #expect(throws: PatternError.self) { try Pattern(pattern) }
    }
}
