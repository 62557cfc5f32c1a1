/// Which device holds each layer of a model: the last layers are shared out, in their order, in proportion to the devices' memory.
struct LayerPlacement: Equatable, Sendable {
    /// For each layer the index of its device, nil for the CPU.
    let layers: [Int?]
    /// Of the output matrix.
    let output: Int?

    /// - Parameters:
    ///   - offloaded: layers on devices, counted from the last; more than there are also moves the output matrix.
    ///   - freeMemory: bytes on each device; where one doesn't tell (0), all get as many layers.
    ///   - inseparable: layers that are all where the first of them is.
    init(layerCount: Int, offloaded: Int, freeMemory: [Int], inseparable: Range<Int>? = nil) {
        guard !freeMemory.isEmpty, offloaded > 0 else {
            layers = Array(repeating: nil, count: layerCount)
            output = nil
            return
        }
        let shares = (freeMemory.contains { $0 <= 0 } ? freeMemory.map { _ in 1 } : freeMemory).map(Double.init)
        let ends = shares.indices.map { shares[...$0].reduce(0, +) / shares.reduce(0, +) }
        let count = min(offloaded, layerCount)
        layers = (0..<layerCount).map { layer in
            let place = inseparable.map { $0.contains(layer) ? $0.lowerBound : layer } ?? layer
            let index = place - (layerCount - count)
            guard index >= 0 else { return nil }
            let middle = (Double(index) + 0.5) / Double(count)
            return ends.firstIndex { middle <= $0 } ?? shares.count - 1
        }
        output = offloaded > layerCount ? shares.count - 1 : nil
    }
}
