/// Finds which bytes of a text each of its tokens covers.
///
/// SentencePiece vocabularies write a space as `▁` and put one before every stretch of text between control tokens.
/// Vocabularies without `▁` spell it with three byte tokens. Text and tokens are therefore compared with `▁` for every
/// space.
struct TokenAlignment {
    struct Piece {
        /// What the token stands for; control tokens by their names.
        var bytes: [UInt8]
        /// Whether the tokenizer divides the text at this token before anything else.
        var isSpecial = false
    }

    private static let space = UInt8(ascii: " ")
    private static let escapedSpace = Array("▁".utf8)

    private let text: [UInt8]
    private let escaped: [UInt8]
    /// For each byte of `escaped` where it comes from; one more for the end.
    private let origins: [Int]
    private let addsSpacePrefix: Bool

    private init(_ text: [UInt8], addsSpacePrefix: Bool) {
        self.text = text
        self.addsSpacePrefix = addsSpacePrefix
        var (escaped, origins): ([UInt8], [Int]) = ([], [])
        for (index, byte) in text.enumerated() {
            let replacement = byte == Self.space ? Self.escapedSpace : [byte]
            escaped += replacement
            origins += replacement.map { _ in index }
        }
        self.escaped = escaped
        self.origins = origins + [text.count]
    }

    /// - Parameter addsSpacePrefix: the tokenizer puts a space at the beginning and after each special token.
    /// - Returns: for each piece its range of bytes in `text`; empty for an added space.
    /// - Throws: ``PromptError/notInVocabulary(text:)`` where tokens leave out a part of the text.
    static func align(_ pieces: [Piece], to text: [UInt8], addsSpacePrefix: Bool) throws -> [Range<Int>] {
        try TokenAlignment(text, addsSpacePrefix: addsSpacePrefix).align(pieces)
    }

    private func align(_ pieces: [Piece]) throws -> [Range<Int>] {
        var ranges: [Range<Int>] = []
        var cursor = 0
        var prefix = addsSpacePrefix ? Self.escapedSpace[...] : []
        var followsSpecial = false
        for piece in pieces {
            let bytes = piece.bytes.flatMap { $0 == Self.space ? Self.escapedSpace : [$0] }
            // Some models strip white space beside special tokens.
            var start = cursor
            while true {
                if !piece.isSpecial, let rest = match(bytes, afterPrefix: prefix, at: start) {
                    cursor = rest.cursor
                    prefix = rest.prefix
                    break
                }
                if let rest = match(bytes, afterPrefix: [], at: start) {
                    cursor = rest.cursor
                    prefix = []
                    break
                }
                guard piece.isSpecial || followsSpecial, isWhiteSpace(at: start) else {
                    throw notInVocabulary(at: cursor)
                }
                start += 1
            }
            ranges.append(cursor > start ? origins[start]..<origins[cursor - 1] + 1 : origins[start]..<origins[start])
            followsSpecial = piece.isSpecial
            if piece.isSpecial, addsSpacePrefix { prefix = Self.escapedSpace[...] }
        }
        guard (cursor..<escaped.count).allSatisfy({ followsSpecial && isWhiteSpace(at: $0) }) else {
            throw notInVocabulary(at: cursor)
        }
        return ranges
    }

    /// What remains after `bytes`, which begin with the added space where there is one; nil where they differ.
    private func match(
        _ bytes: [UInt8], afterPrefix prefix: ArraySlice<UInt8>, at start: Int
    ) -> (prefix: ArraySlice<UInt8>, cursor: Int)? {
        let added = min(bytes.count, prefix.count)
        guard bytes.prefix(added).elementsEqual(prefix.prefix(added)) else { return nil }
        let own = bytes.dropFirst(added)
        guard escaped[start...].starts(with: own) else { return nil }
        return (prefix.dropFirst(added), start + own.count)
    }

    private func isWhiteSpace(at index: Int) -> Bool {
        index < escaped.count && " \t\n\r\u{B}\u{C}".utf8.contains(text[origins[index]])
    }

    private func notInVocabulary(at index: Int) -> PromptError {
        guard index < escaped.count else { return .notInVocabulary(text: "") }
        var start = origins[index]
        while start > 0, text[start] & 0b1100_0000 == 0b1000_0000 { start -= 1 }
        return .notInVocabulary(text: String(String(decoding: text[start...].prefix(16), as: UTF8.self).prefix(1)))
    }
}
