extension PythonText {
    /// The first position at or after `start` where `needle` occurs.
    func find(_ needle: PythonText, from start: Int = 0) -> Int? {
        guard let first = needle.first else { return start <= count ? start : nil }
        var position = start
        while position + needle.count <= count {
            if scalars[position] == first, hasPrefix(needle, at: position) { return position }
            position += 1
        }
        return nil
    }

    func contains(_ needle: PythonText) -> Bool { find(needle) != nil }

    func hasPrefix(_ prefix: PythonText, at position: Int = 0) -> Bool {
        guard position + prefix.count <= count else { return false }
        for offset in 0..<prefix.count where scalars[position + offset] != prefix.scalars[offset] { return false }
        return true
    }

    func hasSuffix(_ suffix: PythonText) -> Bool {
        count >= suffix.count && hasPrefix(suffix, at: count - suffix.count)
    }

    /// The scalar at `position`, or nil outside the text.
    func scalar(at position: Int) -> Unicode.Scalar? { indices.contains(position) ? scalars[position] : nil }

    /// `\b`: exactly one of the neighbours of this position is `\w`.
    func isWordBoundary(at position: Int) -> Bool {
        (scalar(at: position - 1)?.isPythonWord ?? false) != (scalar(at: position)?.isPythonWord ?? false)
    }

    /// Non-overlapping occurrences from the left.
    func occurrences(of needle: PythonText) -> [Int] {
        var found: [Int] = []
        var position = 0
        while let next = find(needle, from: position) {
            found.append(next)
            position = next + Swift.max(needle.count, 1)
        }
        return found
    }

    /// Whether `needle` occurs where `edges` accepts its range, overlapping occurrences included.
    func contains(_ needle: PythonText, where edges: (Range<Int>) -> Bool) -> Bool {
        var position = 0
        while let next = find(needle, from: position) {
            if edges(next..<(next + needle.count)) { return true }
            position = next + 1
        }
        return false
    }

    /// The first position at or after `start` whose scalar doesn't satisfy `condition`.
    func skip(from start: Int, while condition: (Unicode.Scalar) -> Bool) -> Int {
        var position = start
        while position < count, condition(scalars[position]) { position += 1 }
        return position
    }
}
