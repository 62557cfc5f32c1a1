/// Turns tokens into text as they come: only whole characters, and nothing that belongs to a stop string.
package struct TextStream {
    private let stopStrings: [[UInt8]]
    /// Bytes that are not certain yet: an incomplete character, or what could still become a stop string.
    private var pending: [UInt8] = []
    /// The stop string that has appeared; nothing follows it.
    private(set) var stoppedAt: String?
    var hasStopped: Bool { stoppedAt != nil }

    package init(stopStrings: [String]) { self.stopStrings = stopStrings.map { Array($0.utf8) }.filter { !$0.isEmpty } }

    /// Adds a token's bytes; returns the text that has become certain.
    mutating func append(_ bytes: [UInt8]) -> String {
        guard !hasStopped else { return "" }
        pending += bytes
        // The one that is complete first, so that it doesn't matter how the text is divided into tokens.
        let found = stopStrings.compactMap { pending.firstRange(of: $0) }
        if let first = found.min(by: { ($0.upperBound, $0.lowerBound) < ($1.upperBound, $1.lowerBound) }) {
            stoppedAt = String(decoding: pending[first], as: UTF8.self)
            defer { pending = [] }
            return String(decoding: pending[..<first.lowerBound], as: UTF8.self)
        }
        let certain = wholeCharacters(in: pending.count - longestStopPrefix())
        defer { pending.removeFirst(certain) }
        return String(decoding: pending[..<certain], as: UTF8.self)
    }

    /// What was held back; at the end nothing can follow it any more.
    mutating func finish() -> String {
        defer { pending = [] }
        return String(decoding: pending, as: UTF8.self)
    }

    /// Length of the longest end of `pending` that a stop string begins with.
    private func longestStopPrefix() -> Int {
        stopStrings.map { stop in
            (1...stop.count).last { length in
                length <= pending.count && pending.suffix(length).elementsEqual(stop.prefix(length))
            } ?? 0
        }.max() ?? 0
    }

    /// The largest number of bytes, at most `limit`, that ends with a whole character.
    private func wholeCharacters(in limit: Int) -> Int {
        var start = limit
        // A character has at most four bytes; its first one tells how many.
        for back in 1...4 where limit - back >= 0 {
            let byte = pending[limit - back]
            if byte & 0b1100_0000 == 0b1000_0000 { continue }
            let length = byte < 0x80 ? 1 : byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : 2
            if length > back { start = limit - back }
            break
        }
        return start
    }
}
