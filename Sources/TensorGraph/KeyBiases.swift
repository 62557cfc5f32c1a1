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

/// What the attention scores of a sequence's keys are multiplied by in some layers, by position from 0.
package final class KeyFactors: Sendable {
    package let values: [Float]
    package let layers: Set<Int>
    /// The same, as kernels read them.
    nonisolated(unsafe) let raw: UnsafeMutablePointer<Float>  // Never written again.
    nonisolated(unsafe) let rawLayers: UnsafeMutablePointer<Bool>  // Never written again.

    /// - Parameter layerCount: of the model.
    package init(_ values: [Float], in layers: Set<Int>, layerCount: Int) {
        (self.values, self.layers) = (values, layers)
        raw = .allocate(capacity: max(1, values.count))
        raw.update(from: values, count: values.count)
        rawLayers = .allocate(capacity: layerCount)
        rawLayers.update(from: (0..<layerCount).map(layers.contains), count: layerCount)
    }

    deinit {
        raw.deallocate()
        rawLayers.deallocate()
    }
}
