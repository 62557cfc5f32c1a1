extension Array where Element: Comparable {
    /// Index of the largest element, the first among equals; 0 for an empty array.
    @inlinable package var indexOfMaximum: Int {
        var best = 0
        for index in indices.dropFirst() where self[index] > self[best] { best = index }
        return best
    }
}

extension Array {
    /// Consecutive pieces of `length` elements.
    @inlinable package func split(into length: Int) -> [[Element]] {
        stride(from: 0, to: count, by: length).map { Array(self[$0..<Swift.min($0 + length, count)]) }
    }
}
