import CLlama

/// The speed at which this machine reads memory, the ceiling of token-by-token decoding.
package enum MemoryBandwidth {
    /// Bytes a second, the best of a few products of a large matrix with one column, which read it once each.
    /// - Parameter byteCount: size of the matrix; far beyond the caches.
    package static func measure(threadCount: Int, byteCount: Int = 512 << 20) throws -> Double {
        let width = 4096
        let buffer = try TensorBuffer(
            [(.float32, [width, byteCount / 4 / width])], on: .cpu, purpose: "the bandwidth test")
        let graph = try Graph(capacity: 16)
        let column = graph.input(.float32, width, name: "column")
        graph.output(graph.multiplyMatrix(buffer.tensors[0], column))
        let plan = try GraphPlan(graph, on: ComputeStream(devices: [], threadCount: threadCount))
        column.write([Float](repeating: 1, count: width))
        let clock = ContinuousClock()
        let best = try (0..<6).map { _ in try clock.measure { try plan.compute() } }.min() ?? .seconds(1)
        return Double(byteCount) / (best / .seconds(1))
    }
}
