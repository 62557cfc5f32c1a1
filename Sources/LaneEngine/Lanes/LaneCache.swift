import TensorGraph

/// Keys and values of all positions so far, and beside them the keys and values of each tangent lane.
///
/// For every layer and lane there are keys and values, `[headWidth, rows, keyValueHeads]`: attention walks the positions of one
/// head after the other, and memory is fastest when read in order. Rows are told by the ``CacheLayout``; unused ones are zero. Layers
/// that attend over those of an earlier layer have that layer's.
final class LaneCache {
    let layout: CacheLayout
    let laneCount: Int
    /// Positions that were asked for.
    let contextLength: Int
    private let layers: [[(keys: Tensor, values: Tensor)]]
    /// Layers with keys and values that aren't an earlier layer's.
    private let ownLayers: [Int]
    /// Primal buffers, then tangent buffers, one a device.
    private let primalBuffers: [TensorBuffer]
    private let tangentBuffers: [TensorBuffer]

    /// - Throws: ``InferenceError`` where the types can't hold the model's heads, ``TensorGraphError`` where memory is short.
    init(_ model: LanguageModel, contextLength: Int, laneCount: Int, storage: CacheStorage) throws {
        let configuration = model.configuration
        let layout = try CacheLayout(configuration, contextLength: contextLength, storage: storage)
        self.layout = layout
        self.laneCount = laneCount
        // Tells before any is taken that all lanes' caches together don't fit.
        if model.devices.isEmpty {
            try AvailableMemory.require(
                Double(layout.byteCount) * Double(laneCount),
                for: "the caches of \(layout.capacity) positions with \(laneCount) lane\(laneCount == 1 ? "" : "s")")
        }
        self.contextLength = contextLength
        ownLayers = configuration.attention.indices.filter {
            configuration.attention[$0].keyValueLayer == nil && configuration.attention[$0].keyValueHeadCount > 0
        }
        var layers = Array(repeating: [(keys: Tensor, values: Tensor)](), count: configuration.layerCount)

        func allocate(_ lanes: Int, purpose: String) throws -> [TensorBuffer] {
            guard lanes > 0 else { return [] }
            return try Set(model.layerDevices).map { device in
                let members = model.layerDevices.indices.filter {
                    model.layerDevices[$0] == device && configuration.attention[$0].keyValueLayer == nil
                }
                let shapes = members.flatMap { layer in
                    let attention = configuration.attention[layer]
                    // A layer without keys gets next to nothing.
                    let shape =
                        attention.keyValueHeadCount == 0
                        ? [storage.blockLength, 1, 1]
                        : [attention.headWidth, layout.rowCount(attention.slidingWindow), attention.keyValueHeadCount]
                    return (0..<lanes).flatMap { _ in [(storage.keys, shape), (storage.values, shape)] }
                }
                let buffer = try TensorBuffer(shapes, on: device.map { model.devices[$0] } ?? .cpu, purpose: purpose)
                for (index, layer) in members.enumerated() {
                    for lane in 0..<lanes {
                        let first = 2 * (index * lanes + lane)
                        layers[layer].append((buffer.tensors[first], buffer.tensors[first + 1]))
                    }
                }
                return buffer
            }
        }
        primalBuffers = try allocate(1, purpose: "KV cache")
        tangentBuffers = try allocate(laneCount - 1, purpose: "tangent KV cache")
        for (layer, attention) in configuration.attention.enumerated() {
            if let source = attention.keyValueLayer { layers[layer] = layers[source] }
        }
        self.layers = layers
    }

    func keys(layer: Int, lane: Int) -> Tensor { layers[layer][lane].keys }
    func values(layer: Int, lane: Int) -> Tensor { layers[layer][lane].values }

    /// Takes over what another cache of the same model and types holds of some positions, which no ring has overwritten in either.
    func copy(_ positions: Range<Int>, lanes: Range<Int>, from other: LaneCache) {
        guard !positions.isEmpty else { return }
        for layer in ownLayers {
            for (own, theirs) in zip(layers[layer][lanes], other.layers[layer][lanes]) {
                own.keys.write(rows: positions, from: theirs.keys)
                own.values.write(rows: positions, from: theirs.values)
            }
        }
    }

    /// Forgets the tangents of every position.
    func clearTangents() { tangentBuffers.forEach { $0.clear() } }

    var byteCount: Int { (primalBuffers + tangentBuffers).reduce(0) { $0 + $1.byteCount } }
}
