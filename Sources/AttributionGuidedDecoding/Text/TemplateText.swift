/// What a chat template says of its own accord: a default system message, the date, how to call tools.
///
/// It is what the template wrote, without control tokens, marks in brackets (`[INST]`, `<<SYS>>`, `<think>`) and names of
/// roles (`user`, `Assistant:`) where they begin a stretch of its text, or end it on a line of their own or with a colon.
enum TemplateText {
    private static let roles: Set<String> = [
        "system", "developer", "user", "assistant", "tool", "model", "human", "ai",
    ]

    /// - Parameter inputs: bytes that the template didn't write.
    static func spans(
        in bytes: [UInt8], of text: TokenizedText, besides inputs: [Range<Int>], tokenizer: Tokenizer
    ) -> [Range<Int>] {
        let markers = zip(text.tokens, text.ranges).filter { tokenizer.kind(of: $0.0) != .text }.map(\.1)
        return gaps(between: markers + inputs, upTo: bytes.count).compactMap { spoken($0, bytes) }
    }

    /// Stretches that none of the ranges covers.
    private static func gaps(between ranges: [Range<Int>], upTo end: Int) -> [Range<Int>] {
        var gaps: [Range<Int>] = []
        var position = 0
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if range.lowerBound > position { gaps.append(position..<range.lowerBound) }
            position = max(position, range.upperBound)
        }
        if position < end { gaps.append(position..<end) }
        return gaps
    }

    /// A stretch without the markers at its ends; nil where nothing is left that is more than punctuation.
    private static func spoken(_ stretch: Range<Int>, _ bytes: [UInt8]) -> Range<Int>? {
        var words = words(of: stretch, bytes)
        func isBracketed(_ word: Range<Int>) -> Bool {
            let text = String(decoding: bytes[word], as: UTF8.self)
            return text.first.map { "<[|{".contains($0) } ?? false && text.last.map { ">]|}".contains($0) } ?? false
        }
        func isRole(_ word: Range<Int>) -> Bool {
            roles.contains(
                String(decoding: bytes[word], as: UTF8.self).lowercased().trimmingPrefix("#").filter(\.isLetter))
        }
        // "You are a helpful assistant." ends with no mark.
        func standsApart(_ word: Range<Int>) -> Bool {
            let before = bytes[stretch.lowerBound..<word.lowerBound].last { $0 != UInt8(ascii: " ") }
            return before == UInt8(ascii: "\n") || bytes[word].last == UInt8(ascii: ":")
        }
        while let first = words.first, isBracketed(first) || isRole(first) { words.removeFirst() }
        while let last = words.last, isBracketed(last) || isRole(last) && standsApart(last) { words.removeLast() }
        guard let first = words.first, let last = words.last,
            String(decoding: bytes[first.lowerBound..<last.upperBound], as: UTF8.self).contains(where: \.isLetter)
        else { return nil }
        return first.lowerBound..<last.upperBound
    }

    private static func words(of stretch: Range<Int>, _ bytes: [UInt8]) -> [Range<Int>] {
        bytes[stretch].split { " \t\n\r".utf8.contains($0) }.map(\.indices)
    }
}
