/// Where a text's sentences are.
///
/// A sentence ends at a line's end, and behind `.`, `!`, `?` or `…`, with the quotes and brackets that close it, where white space and no
/// small letter follows; behind `。`, `！` and `？` whatever follows. A point behind a single letter, a number that begins a line, or a
/// common abbreviation ends none.
package enum Sentences {
    /// Sentences as ranges of UTF-8 bytes, in order, without the white space around them; what isn't white space lies in one.
    package static func ranges(in text: String) -> [Range<Int>] {
        let scalars = Array(text.unicodeScalars)
        var offsets = [0]
        for scalar in scalars { offsets.append(offsets[offsets.count - 1] + UTF8.width(scalar)) }
        var ranges: [Range<Int>] = []
        var start = 0
        for end in ends(scalars) + [scalars.count] where end > start {
            if let first = scalars[start..<end].firstIndex(where: { !$0.properties.isWhitespace }),
                let last = scalars[start..<end].lastIndex(where: { !$0.properties.isWhitespace })
            {
                ranges.append(offsets[first]..<offsets[last + 1])
            }
            start = end
        }
        return ranges
    }

    private static let closers: Set<Unicode.Scalar> = [
        "\"", "'", ")", "]", "}", "”", "’", "»", "*", "_", "」", "』", "）",
    ]
    private static let abbreviations: Set<String> = [
        "mr", "mrs", "ms", "dr", "prof", "sr", "jr", "st", "vs", "etc", "e.g", "i.e", "cf", "al", "no", "vol", "fig",
        "approx", "inc", "ltd", "co", "corp", "dept", "gen", "col", "capt", "lt", "sgt", "rev", "hon", "gov", "sen",
        "rep",
    ]

    /// Behind which scalars a sentence ends, but for the text's own end.
    private static func ends(_ scalars: [Unicode.Scalar]) -> [Int] {
        var ends: [Int] = []
        for (index, scalar) in scalars.enumerated() {
            switch scalar {
            case "\n", "\r", "\u{2028}", "\u{2029}": ends.append(index + 1)
            case "。", "！", "？": ends.append(afterClosers(index, scalars))
            case ".", "!", "?", "…":
                let end = afterClosers(index, scalars)
                guard end < scalars.count, scalars[end].properties.isWhitespace else { continue }
                let next = scalars[end...].first { !$0.properties.isWhitespace }
                if next?.properties.isLowercase ?? false { continue }
                if scalar == ".", isAbbreviated(scalars[..<index]) { continue }
                ends.append(end)
            default: break
            }
        }
        return ends
    }

    private static func afterClosers(_ index: Int, _ scalars: [Unicode.Scalar]) -> Int {
        (index + 1..<scalars.count).first { !closers.contains(scalars[$0]) } ?? scalars.count
    }

    /// Whether the point behind `text` belongs to its last word.
    private static func isAbbreviated(_ text: ArraySlice<Unicode.Scalar>) -> Bool {
        let start =
            text.lastIndex { $0.properties.isWhitespace || $0 == "(" || $0 == "\"" }.map { $0 + 1 } ?? text.startIndex
        let word = text[start...]
        guard let first = word.first else { return false }
        if word.count == 1, first.properties.isAlphabetic, first != "I" { return true }
        if word.allSatisfy({ $0.properties.numericType != nil }), isLineStart(start, text) { return true }
        return abbreviations.contains(String(String.UnicodeScalarView(word)).lowercased())
    }

    private static func isLineStart(_ index: Int, _ text: ArraySlice<Unicode.Scalar>) -> Bool {
        let before = text[..<index].last { $0 != " " && $0 != "\t" }
        return before == nil || before == "\n" || before == "\r"
    }
}
