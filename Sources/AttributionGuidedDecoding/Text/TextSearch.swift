/// Finds texts in one text, by one rule for everybody who looks: occurrences byte by byte; where there is none, those that
/// Unicode holds canonically equal, such as é as one character and as e with an accent.
///
/// Each search takes time in proportion to the text and what is looked for (Knuth, Morris and Pratt), whatever they are.
struct TextSearch {
    private let text: String
    private let bytes: [UInt8]
    /// Made when a text isn't found byte by byte.
    private var canonical: CanonicalText?

    init(_ text: String) {
        self.text = text
        bytes = Array(text.utf8)
    }

    /// The bytes that occurrences cover, which may overlap.
    /// - Parameter parts: where occurrences count, in order and apart from each other; everywhere where nil.
    mutating func occurrences(of wanted: String, in parts: [Range<Int>]? = nil) -> [Range<Int>] {
        func counted(_ found: [Range<Int>]) -> [Range<Int>] { parts.map { found.lying(in: $0) } ?? found }
        let needle = Array(wanted.utf8)
        let exact = counted(bytes.occurrences(of: needle).map { $0..<$0 + needle.count })
        guard exact.isEmpty else { return exact }
        let canonical = canonical ?? CanonicalText(text)
        self.canonical = canonical
        return counted(canonical.occurrences(of: CanonicalText(wanted)))
    }
}

extension Array where Element: Equatable {
    /// Where `needle` begins, overlapping occurrences included.
    func occurrences(of needle: [Element]) -> [Int] {
        guard !needle.isEmpty, needle.count <= count else { return [] }
        // borders[i]: length of the longest end of needle[...i] that is also its beginning.
        var borders = [Int](repeating: 0, count: needle.count)
        var length = 0
        for index in needle.indices.dropFirst() {
            while length > 0, needle[index] != needle[length] { length = borders[length - 1] }
            if needle[index] == needle[length] { length += 1 }
            borders[index] = length
        }
        var found: [Int] = []
        length = 0
        for (index, element) in enumerated() {
            while length > 0, element != needle[length] { length = borders[length - 1] }
            if element == needle[length] { length += 1 }
            if length == needle.count {
                found.append(index + 1 - length)
                length = borders[length - 1]
            }
        }
        return found
    }
}
