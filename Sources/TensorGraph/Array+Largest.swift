extension Array where Element == Float {
    /// Indices of the `count` largest elements, by falling value; among equals the smaller index comes first.
    ///
    /// One pass, sixteen elements at a time: a vocabulary is long, and next to none of it is among the largest.
    package func indicesOfLargest(_ count: Int) -> [Int] {
        guard count > 0 else { return [] }
        var best: [Int] = []
        var threshold = -Float.infinity
        func consider(_ index: Int) {
            let value = self[index]
            guard value > threshold || best.count < count else { return }
            best.insert(index, at: best.firstIndex { self[$0] < value } ?? best.count)
            if best.count > count { best.removeLast() }
            if best.count == count { threshold = self[best[count - 1]] }
        }
        let width = SIMD16<Float>.scalarCount
        let whole = self.count / width * width
        withUnsafeBytes { bytes in
            for start in stride(from: 0, to: whole, by: width) {
                let values = bytes.loadUnaligned(fromByteOffset: 4 * start, as: SIMD16<Float>.self)
                if best.count == count, !any(values .> threshold) { continue }
                (start..<start + width).forEach(consider)
            }
        }
        (whole..<self.count).forEach(consider)
        return best
    }
}
