import TensorGraph

/// What attention keeps of a sequence: its caches, and for each layer in the regions the weights of its heads.
final class SequenceMemory {
    let cache: LaneCache
    /// `[1, 1, heads, tangent lanes]`.
    let headWeights: [Int: Tensor]
    let layers: LaneLayers
    private let headWeightBuffer: TensorBuffer?

    init(_ model: LanguageModel, cache: LaneCache, regions: [RegionOfInterest]) throws {
        self.cache = cache
        let indices = Set(regions.flatMap { $0.heads.keys.map(\.layer) }).sorted()
        headWeightBuffer =
            indices.isEmpty
            ? nil
            : try TensorBuffer(
                indices.map { (.float32, [1, 1, model.configuration.attention[$0].headCount, regions.count]) },
                on: .cpu,
                purpose: "head weights")
        let weights = Dictionary(uniqueKeysWithValues: zip(indices, headWeightBuffer?.tensors ?? []))
        for (layer, tensor) in weights {
            tensor.write(
                regions.flatMap { region in
                    (0..<model.configuration.attention[layer].headCount).map {
                        Float(region.heads[.init(layer: layer, head: $0)] ?? 0)
                    }
                })
        }
        headWeights = weights
        layers = LaneLayers(
            (0..<model.configuration.layerCount).map { layer in
                (
                    LaneCaches(
                        keys: (0..<cache.laneCount).map { cache.keys(layer: layer, lane: $0) },
                        values: (0..<cache.laneCount).map { cache.values(layer: layer, lane: $0) }), weights[layer]
                )
            })
    }
}
