import TensorGraph

/// What a forward pass keeps of a sequence: its caches, and the weights of its regions inside the model.
final class SequenceMemory {
    let cache: LaneCache
    let regions: RegionTensors
    /// Both, as the fused operations read them.
    let layers: LaneLayers

    init(_ model: LanguageModel, cache: LaneCache, regions: [RegionOfInterest]) throws {
        self.cache = cache
        let tensors = try RegionTensors(model, regions)
        self.regions = tensors
        layers = LaneLayers(
            (0..<model.configuration.layerCount).map { layer in
                let lanes = 0..<cache.laneCount
                var own = LaneLayers.Layer(
                    caches: LaneCaches(
                        keys: lanes.map { cache.keys(layer: layer, lane: $0) },
                        values: lanes.map { cache.values(layer: layer, lane: $0) }),
                    headWeights: tensors.heads[layer])
                own.neuronWeights = tensors.neurons[layer]
                own.directions = tensors.directions[layer].map { ($0.units, $0.weights) }
                return own
            })
    }
}
