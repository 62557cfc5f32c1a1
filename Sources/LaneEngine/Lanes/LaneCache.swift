import TensorGraph

/// Keys and values of all positions so far, and beside them the keys and values of each tangent lane.
///
/// For every layer and lane there are keys and values, `[headWidth, capacity, keyValueHeads]`: attention walks the positions
/// of one head after the other, and memory is fastest when read in order. Unused positions are zero.
final class LaneCache {
    /// Positions that fit.
    let capacity: Int
    let laneCount: Int
    /// Positions that were asked for.
    let contextLength: Int
    private let layers: [[(keys: Tensor, values: Tensor)]]
    /// Primal buffers, then tangent buffers, one a device.
    private let primalBuffers: [TensorBuffer]
    private let tangentBuffers: [TensorBuffer]

    init(_ model: LanguageModel, contextLength: Int, laneCount: Int, type: ElementType) throws {
        let configuration = model.configuration
        let capacity = (contextLength + Self.granularity - 1) / Self.granularity * Self.granularity
        self.capacity = capacity
        self.laneCount = laneCount
        try Self.checkMemory(configuration, capacity: capacity, laneCount: laneCount, type: type)
        self.contextLength = contextLength
        var layers = Array(repeating: [(keys: Tensor, values: Tensor)](), count: configuration.layerCount)

        func allocate(_ lanes: Int, purpose: String) throws -> [TensorBuffer] {
            guard lanes > 0 else { return [] }
            return try Set(model.layerDevices).map { device in
                let members = model.layerDevices.indices.filter { model.layerDevices[$0] == device }
                let shapes = members.flatMap { layer in
                    let attention = configuration.attention[layer]
                    // A layer without keys gets next to nothing.
                    let shape =
                        attention.keyValueHeadCount == 0
                        ? [attention.headWidth, 1, 1] : [attention.headWidth, capacity, attention.keyValueHeadCount]
                    return (0..<lanes).flatMap { _ in [(type, shape), (type, shape)] }
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
        self.layers = layers
    }

    /// Tells before any is taken that all lanes' caches together don't fit.
    private static func checkMemory(
        _ configuration: ModelConfiguration, capacity: Int, laneCount: Int, type: ElementType
    ) throws {
        let bytesPerPosition = configuration.attention.reduce(0) {
            $0 + 2 * type.byteCount(of: $1.headWidth) * $1.keyValueHeadCount
        }
        try AvailableMemory.require(
            Double(laneCount) * Double(bytesPerPosition) * Double(capacity),
            for: "the caches of \(capacity) positions with \(laneCount) lane\(laneCount == 1 ? "" : "s")")
    }

    /// Positions are added to a graph in multiples of this, so that one graph serves many steps.
    static let granularity = 64

    func keys(layer: Int, lane: Int) -> Tensor { layers[layer][lane].keys }
    func values(layer: Int, lane: Int) -> Tensor { layers[layer][lane].values }

    /// Forgets the tangents of every position.
    func clearTangents() { tangentBuffers.forEach { $0.clear() } }

    var byteCount: Int { (primalBuffers + tangentBuffers).reduce(0) { $0 + $1.byteCount } }
}
