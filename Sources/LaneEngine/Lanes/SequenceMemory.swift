import TensorGraph

/// What a forward pass keeps of a sequence: its caches, the weights of its regions inside the model, and what is added there.
final class SequenceMemory {
    let cache: LaneCache
    /// Of recurrent layers; nil where the model has none.
    let states: RecurrentStates?
    let regions: RegionTensors
    /// Of each layer, `[width]`, in the CPU's memory: added to the primal's residual stream behind it.
    let additions: [Int: Tensor]
    /// All of it, as the fused operations read it.
    let layers: LaneLayers
    private let additionBuffer: TensorBuffer?

    /// - Parameter additions: of each layer, as long as the residual stream is wide.
    init(
        _ model: LanguageModel, cache: LaneCache, regions: [RegionOfInterest], additions: [Int: [Float]] = [:]
    ) throws {
        self.cache = cache
        let states = try RecurrentStates(model.configuration, laneCount: cache.laneCount)
        self.states = states
        let changed = additions.keys.sorted()
        let buffer =
            changed.isEmpty
            ? nil
            : try TensorBuffer(
                changed.map { _ in (.float32, [model.configuration.embeddingLength]) }, on: .cpu,
                purpose: "vectors added to the residual stream")
        let added = Dictionary(uniqueKeysWithValues: zip(changed, buffer?.tensors ?? []))
        for (layer, tensor) in added { tensor.write(additions[layer] ?? []) }
        (self.additions, additionBuffer) = (added, buffer)
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
                own.states = states?.layers[layer]
                own.neuronWeights = tensors.neurons[layer]
                own.features = tensors.features[layer].map {
                    .init(
                        encoders: $0.encoders, decoders: $0.decoders, biases: $0.biases, thresholds: $0.thresholds,
                        weights: $0.weights)
                }
                own.addition = added[layer]
                return own
            })
    }

    /// Where activations change or regions begin behind attention.
    /// - Parameter hasTangents: whether regions count.
    func places(hasTangents: Bool) -> Set<RegionPlace> {
        let added = Set(additions.keys.map { RegionPlace(layer: $0, kind: .residualStream) })
        return hasTangents ? added.union(regions.places) : added
    }
}
