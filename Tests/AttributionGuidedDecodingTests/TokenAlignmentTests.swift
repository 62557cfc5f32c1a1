import Foundation
import TensorGraph
import Testing

@testable import AttributionGuidedDecoding
@testable import LaneEngine
@testable import TestFixtures

extension Tokenizer {
    /// The tokenizer of one of the oracle's models: byte-level BPE (llama, qwen), or SentencePiece (gemma).
    static func oracle(_ variant: String) throws -> Tokenizer {
        try #require(try LanguageModel(path: Oracle.directory.appending(path: "\(variant).gguf").path).tokenizer)
    }
}

@Suite("Each token knows the bytes of the prompt that it covers")
struct TokenAlignmentTests {
    static let texts = [
        "a", "é", "漢字", "🙂", "e\u{301}x", "a\r\nb", "👩‍👩‍👧", "the on", " the", "  a  ", "\n\n", "a\u{0}b", "▁a ▁",
        "in the\tre", "ß\u{FEFF}",
    ]

    @Test("Tokens cover the whole text in order, and spell it", arguments: ["llama", "qwen2", "gemma3"], texts)
    func covers(variant: String, text: String) throws {
        let tokenizer = try Tokenizer.oracle(variant)
        let prompt = try Prompt(text: text, tokenizer: tokenizer)
        let bytes = Array(text.utf8)
        #expect(Set(prompt.tokenBytes.joined()) == Set(bytes.indices))
        #expect(zip(prompt.tokenBytes, prompt.tokenBytes.dropFirst()).allSatisfy { $0.lowerBound <= $1.lowerBound })
        for (token, range) in zip(prompt.tokens, prompt.tokenBytes)
        where text.utf8.allSatisfy({ $0 != UInt8(ascii: " ") }) {
            #expect(tokenizer.bytes(of: token, showsSpecialTokens: true) == Array(bytes[range]) || text.contains("▁"))
        }
    }

    @Test(
        "A span has exactly the tokens that overlap it, whatever span it is", arguments: ["llama", "qwen2", "gemma3"],
        texts)
    func everySpan(variant: String, text: String) throws {
        let prompt = try Prompt(text: text, tokenizer: .oracle(variant))
        let length = text.utf8.count
        for lower in 0...length {
            for upper in lower...length {
                let expected = prompt.tokenBytes.indices.filter { index in
                    prompt.tokenBytes[index].contains { (lower..<upper).contains($0) }
                }
                #expect(Array(prompt.tokens(overlapping: [lower..<upper]).joined()) == expected)
                #expect(expected.isEmpty == (lower == upper))
            }
        }
    }

    @Test("Every part of a text can be named as a region", arguments: ["llama", "gemma3"], texts)
    func everyPart(variant: String, text: String) throws {
        let prompt = try Prompt(text: text, tokenizer: .oracle(variant))
        let scalars = Array(text.unicodeScalars)
        for lower in scalars.indices {
            for upper in lower + 1...scalars.count {
                func string(_ part: ArraySlice<Unicode.Scalar>) -> String { String(String.UnicodeScalarView(part)) }
                let start = string(scalars[..<lower]).utf8.count
                let part = string(scalars[lower..<upper])
                let region = try prompt.region([RegionSpecification("text:\"\(part)\"")])
                let covered = prompt.tokens(overlapping: [start..<start + part.utf8.count]).joined()
                #expect(Set(covered).isSubset(of: region.tokens.keys))
            }
        }
    }

    @Test("Text is found as it is written, each time, and else as Unicode holds it equal")
    func occurrences() {
        func found(_ wanted: String, in text: String) -> [Range<Int>] {
            var search = TextSearch(text)
            return search.occurrences(of: wanted)
        }
        #expect(found("aa", in: "aaa") == [0..<2, 1..<3])
        #expect(found("\n", in: "a\r\nb") == [2..<3])
        #expect(found("cafe\u{301}", in: "caf\u{E9}") == [0..<5])
        #expect(found("abcd", in: "abc").isEmpty)
    }

    @Test("A space that the tokenizer adds belongs to no text")
    func spacePrefix() throws {
        let text = Array("ab</s> c".utf8)
        let pieces = ["▁a", "b", "</s>", " ", " c"].map {
            TokenAlignment.Piece(bytes: Array($0.utf8), isSpecial: $0 == "</s>")
        }
        let ranges = try TokenAlignment.align(pieces, to: text, addsSpacePrefix: true)
        #expect(ranges == [0..<1, 1..<2, 2..<6, 6..<6, 6..<8])
    }

    @Test("Spaces may be spelled with bytes, also the added one")
    func spelledSpaces() throws {
        let bytes = Array("▁a▁b".utf8).map { TokenAlignment.Piece(bytes: [$0]) }
        let ranges = try TokenAlignment.align(bytes, to: Array("a b".utf8), addsSpacePrefix: true)
        #expect(ranges == [0..<0, 0..<0, 0..<0, 0..<1, 1..<2, 1..<2, 1..<2, 2..<3])
    }

    @Test("White space that a model strips beside its control tokens belongs to none")
    func strippedSpaces() throws {
        let pieces = [("<|end|>", true), ("a", false), ("<|end|>", true)].map {
            TokenAlignment.Piece(bytes: Array($0.0.utf8), isSpecial: $0.1)
        }
        let ranges = try TokenAlignment.align(pieces, to: Array("<|end|>\n\na <|end|> ".utf8), addsSpacePrefix: false)
        #expect(ranges == [0..<7, 9..<10, 11..<18])
    }

    @Test("A character that no token stands for is an error that names it", arguments: ["a漢b", "漢", "ab漢"])
    func lost(text: String) throws {
        let pieces = text.utf8.filter { $0 < 0x80 }.map { TokenAlignment.Piece(bytes: [$0]) }
        #expect(throws: PromptError.notInVocabulary(text: "漢")) {
            try TokenAlignment.align(pieces, to: Array(text.utf8), addsSpacePrefix: false)
        }
    }
}
