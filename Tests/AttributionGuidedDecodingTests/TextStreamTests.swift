import Testing

@testable import AttributionGuidedDecoding
@testable import LaneEngine

@Suite("Text comes in whole characters and ends before a stop string")
struct TextStreamTests {
    /// The text up to the stop string that is complete first.
    static func reference(_ bytes: [UInt8], _ stops: [String]) -> String {
        for end in bytes.indices.map({ $0 + 1 }) {
            let matches = stops.filter {
                !$0.isEmpty && bytes[..<end].reversed().starts(with: Array($0.utf8).reversed())
            }
            if let longest = matches.map(\.utf8.count).max() {
                return String(decoding: bytes[..<(end - longest)], as: UTF8.self)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    static func streamed(_ pieces: [[UInt8]], _ stops: [String]) -> (parts: [String], stopped: Bool) {
        var stream = TextStream(stopStrings: stops)
        var parts = pieces.map { stream.append($0) }
        parts.append(stream.finish())
        return (parts, stream.hasStopped)
    }

    static func pieces(_ bytes: [UInt8], using generator: inout SeededGenerator) -> [[UInt8]] {
        var (pieces, rest) = ([[UInt8]](), bytes[...])
        while !rest.isEmpty {
            let length = Int.random(in: 1...min(5, rest.count), using: &generator)
            pieces.append(Array(rest.prefix(length)))
            rest = rest.dropFirst(length)
        }
        return pieces
    }

    @Test(
        "However text is divided into tokens, the same comes out",
        arguments: [
            [], ["</s>"], ["ab", "abc"], ["abc", "b"], ["bcd", "abcdef", "e"], ["aab", "ab"], ["é"], ["漢", "字🙂"],
            ["\n\n", "\nUser:"], ["🙂"],
        ])
    func anyDivision(stops: [String]) {
        var generator = SeededGenerator(seed: 7)
        let alphabet = ["a", "b", "c", "d", "e", "f", "é", "漢", "字", "🙂", "\n", "User:", "</s>", "abc", "</", "<"]
        for _ in 0..<500 {
            let text = (0..<Int.random(in: 0...12, using: &generator)).compactMap { _ in
                alphabet.randomElement(using: &generator)
            }.joined()
            let pieces = Self.pieces(Array(text.utf8), using: &generator)
            let (parts, stopped) = Self.streamed(pieces, stops)
            let expected = Self.reference(Array(text.utf8), stops)
            #expect(Array(parts.joined().utf8) == Array(expected.utf8), "\(text.debugDescription) as \(pieces)")
            var search = TextSearch(text)
            let holdsStop = stops.contains { text.utf8.count > 0 && !search.occurrences(of: $0).isEmpty }
            #expect(stopped == holdsStop || stops.isEmpty)
        }
    }

    @Test("Characters come whole, never in parts")
    func wholeCharacters() {
        let (parts, _) = Self.streamed(Array("é漢🙂".utf8).map { [$0] }, [])
        #expect(parts == ["", "é", "", "", "漢", "", "", "", "🙂", ""])
    }

    @Test("Bytes that are no text come out as U+FFFD and are not held back for ever")
    func invalidBytes() {
        var generator = SeededGenerator(seed: 11)
        for _ in 0..<500 {
            let bytes = (0..<Int.random(in: 1...10, using: &generator)).map { _ in
                [0x41, 0x80, 0xC3, 0xA9, 0xE6, 0xF0, 0x9F, 0xFF].randomElement(using: &generator) ?? UInt8(0)
            }
            let text = Self.streamed(Self.pieces(bytes, using: &generator), ["AA"]).parts.joined()
            #expect(text == Self.reference(bytes, ["AA"]), "\(bytes)")
        }
    }

    @Test("What could become a stop string is held back, and given when it doesn't")
    func heldBack() {
        #expect(
            Self.streamed(["x<".utf8, "/".utf8, "a".utf8].map { Array($0) }, ["</s>"]).parts == ["x", "", "</a", ""])
        #expect(Self.streamed(["x</".utf8].map { Array($0) }, ["</s>"]).parts == ["x", "</"])
    }

    @Test("Of overlapping stop strings the one that is complete first counts, in one token as in many")
    func overlapping() {
        for pieces in [["xabc"], ["xab", "c"], ["x", "a", "b", "c"]] {
            let (parts, stopped) = Self.streamed(pieces.map { Array($0.utf8) }, ["abc", "b"])
            #expect(parts.joined() == "xa")
            #expect(stopped)
        }
    }
}
