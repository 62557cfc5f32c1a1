/// What is added to the attention scores of a sequence's keys, by position from 0; -infinity hides a key from the positions behind it.
package final class KeyBiases: Sendable {
    package let values: [Float]
    /// The same, as kernels read them.
    nonisolated(unsafe) let raw: UnsafeMutablePointer<Float>  // Never written again.

    package init(_ values: [Float]) {
        self.values = values
        raw = .allocate(capacity: max(1, values.count))
        raw.update(from: values, count: values.count)
    }

    deinit { raw.deallocate() }
}
