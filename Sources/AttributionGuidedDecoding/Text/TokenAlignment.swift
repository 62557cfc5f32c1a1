/// Finds which bytes of a text each of its tokens covers.
enum TokenAlignment {
    /// - Parameters:
    ///   - pieces: the bytes of each token, control tokens by their names.
    ///   - text: the bytes of the text that was tokenised.
    /// - Returns: for each token its range in `text`; empty for tokens that the tokenizer added.
    ///
    /// Tokenizers may add a token (BOS) or a space at the beginning, and replace what they can't express by an unknown
    /// token, which then covers the text up to the next token that is found.
    static func align(_ pieces: [[UInt8]], to text: [UInt8]) throws -> [Range<Int>] {
        var ranges: [Range<Int>] = []
        var cursor = 0
        for (position, piece) in pieces.enumerated() {
            let rest = text[cursor...]
            if rest.starts(with: piece) {
                ranges.append(cursor..<cursor + piece.count)
            } else if piece.first == space, piece.count > 1, rest.starts(with: piece.dropFirst()) {
                ranges.append(cursor..<cursor + piece.count - 1)
            } else if piece == [space] || position == 0 || cursor == text.count {
                ranges.append(cursor..<cursor)
            } else if let next = pieces.dropFirst(position + 1).first, let found = rest.firstRange(of: next) {
                ranges.append(cursor..<found.lowerBound)
            } else if position == pieces.count - 1 {
                ranges.append(cursor..<text.count)
            } else {
                throw PromptError.notAligned(token: position, position: position)
            }
            cursor = ranges[position].upperBound
        }
        return ranges
    }

    private static let space = UInt8(ascii: " ")
}
