extension [Range<Int>] {
    /// The same numbers in order, with ranges that overlap or touch as one. `O(n log n)`; `O(n)` where they are in order.
    package var united: [Range<Int>] {
        var united: [Range<Int>] = []
        let isSorted = zip(self, dropFirst()).allSatisfy { $0.lowerBound <= $1.lowerBound }
        for range in isSorted ? self : sorted(by: { $0.lowerBound < $1.lowerBound }) where !range.isEmpty {
            if let last = united.last, range.lowerBound <= last.upperBound {
                united[united.count - 1] = last.lowerBound..<Swift.max(last.upperBound, range.upperBound)
            } else {
                united.append(range)
            }
        }
        return united
    }

    /// Those that lie in one of `parts` as a whole. `O(n + parts)`.
    /// - Parameters:
    ///   - self: in order of both bounds.
    ///   - parts: in order, apart from each other.
    func lying(in parts: [Range<Int>]) -> [Range<Int>] {
        var next = 0
        return filter { range in
            while next < parts.count, parts[next].upperBound < range.upperBound { next += 1 }
            return next < parts.count && parts[next].lowerBound <= range.lowerBound
        }
    }
}
