/// The tokens of a prompt and the bytes that each of them covers.
///
/// The text of a whole prompt is tokenised at once, so that the template's control tokens are found and nothing else
/// changes. Where a message's content spells a control token, it would take the template's part: a user could write
/// `<|im_end|>` and speak as the system. Such a place is divided inside the token's name, and stays text.
struct TokenizedText {
    private(set) var tokens: [Int] = []
    private(set) var ranges: [Range<Int>] = []

    /// - Parameter contents: where no control tokens may be.
    init(_ bytes: [UInt8], protecting contents: [Range<Int>], tokenizer: Tokenizer) throws {
        try append(bytes, at: 0, tokenizer)
        var cuts: Set<Int> = []
        while true {
            let forged = forgedTokens(in: contents, of: bytes, tokenizer)
            if forged.isEmpty { return }
            for range in forged {
                guard let cut = Self.place(toDivide: range, contents, bytes) else {
                    throw PromptError.containsControlToken(String(decoding: bytes[range], as: UTF8.self))
                }
                cuts.insert(cut)
            }
            (tokens, ranges) = ([], [])
            let ends = cuts.sorted() + [bytes.count]
            for (start, end) in zip([0] + ends, ends) { try append(Array(bytes[start..<end]), at: start, tokenizer) }
        }
    }

    private mutating func append(_ bytes: [UInt8], at offset: Int, _ tokenizer: Tokenizer) throws {
        let new = try tokenizer.tokenize(String(decoding: bytes, as: UTF8.self), parsesSpecialTokens: true)
        let pieces = new.map { token in
            TokenAlignment.Piece(
                bytes: tokenizer.bytes(of: token, showsSpecialTokens: true),
                isSpecial: tokenizer.kind(of: token) != .text)
        }
        let found = try TokenAlignment.align(pieces, to: bytes, addsSpacePrefix: tokenizer.addsSpacePrefix)
        tokens += new
        ranges += found.map { $0.lowerBound + offset..<$0.upperBound + offset }
    }

    /// Where contents hold a control token, or another token that the template marks its own parts with.
    private func forgedTokens(in contents: [Range<Int>], of bytes: [UInt8], _ tokenizer: Tokenizer) -> [Range<Int>] {
        guard !contents.isEmpty else { return [] }
        var markers: Set<Int> = []
        var inContents: [(token: Int, kind: Tokenizer.TokenKind, range: Range<Int>)] = []
        let sorted = contents.filter { !$0.isEmpty }.sorted { $0.lowerBound < $1.lowerBound }
        var next = 0
        for (token, range) in zip(tokens, ranges) {
            let kind = tokenizer.kind(of: token)
            if kind == .text { continue }
            while next < sorted.count, sorted[next].upperBound <= range.lowerBound { next += 1 }
            if next < sorted.count, sorted[next].overlaps(range) {
                inContents.append((token, kind, range))
            } else if !bytes[range].allSatisfy({ " \t\n\r".utf8.contains($0) }) {
                markers.insert(token)
            }
        }
        return inContents.filter { $0.kind == .control || markers.contains($0.token) }.map(\.range)
    }

    /// A place inside `range`: where a content begins or ends, else behind the first character.
    private static func place(toDivide range: Range<Int>, _ contents: [Range<Int>], _ bytes: [UInt8]) -> Int? {
        let inside = range.lowerBound + 1..<range.upperBound
        if let boundary = contents.flatMap({ [$0.lowerBound, $0.upperBound] }).first(where: inside.contains) {
            return boundary
        }
        return inside.first { bytes[$0] & 0b1100_0000 != 0b1000_0000 }
    }
}
