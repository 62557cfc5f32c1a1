import TensorGraph

/// Lane operations with one kernel for each part, on the CPU: weights, activations, keys and values are read once for all
/// lanes.
struct FusedLaneOperations: LaneOperations {
    let context: LaneContext
    let attentionScratch: Graph.LaneScratch
    let productScratch: Graph.LaneScratch

    init(_ context: LaneContext, _ configuration: ModelConfiguration, threadCount: Int) {
        self.context = context
        attentionScratch = context.graph.laneAttentionScratch(
            headWidth: configuration.headWidth, laneCount: context.laneCount, threadCount: threadCount)
        productScratch = context.graph.laneProductScratch(
            width: configuration.widestColumn,
            threadCount: threadCount)
    }

    private var graph: Graph { context.graph }
    private var rule: PropagationRule { context.rule }
    /// For parts that have no kernel.
    private var composed: ComposedLaneOperations { ComposedLaneOperations(context: context) }

    func linear(_ columns: Tensor, _ layers: [LinearWeights], tokenCount: Int) -> [Tensor] {
        let matrices = layers.map { Graph.LaneMatrix(weights: $0.weight, panels: $0.panels, bias: $0.bias) }
        if let products = graph.laneProducts(
            matrices, columns, primalCount: tokenCount, scratch: productScratch)
        {
            return products
        }
        guard layers.count == 1 else { return layers.flatMap { linear(columns, [$0], tokenCount: tokenCount) } }
        return ComposedLaneOperations(context: context).linear(columns, layers, tokenCount: tokenCount)
    }

    func add(_ a: Tensor, _ b: Tensor) -> Tensor { graph.laneSum(a, b) }

    func rotate(_ x: Tensor, positions: Tensor, _ rope: RotaryEmbedding, factors: Tensor?) -> Tensor {
        graph.laneRotated(x, positions: positions, rope, factors: factors)
    }

    func rmsNorm(_ x: Tensor, gain: Tensor?, epsilon: Float) -> Tensor {
        guard let gain, gain.elementCount == x.shape[0] else {
            return composed.rmsNorm(x, gain: gain, epsilon: epsilon)
        }
        return graph.laneNorm(x, gain: gain, epsilon: epsilon, derivative: rule.norm == .derivative)
    }

    func gatedProduct(gate: Tensor, up: Tensor, _ function: ActivationFunction) -> Tensor {
        guard function == .silu || function == .geluTanh else {
            return composed.gatedProduct(gate: gate, up: up, function)
        }
        return graph.laneGatedProduct(
            gate: gate, up: up, gelu: function == .geluTanh,
            .init(
                derivative: rule.activation == .derivative, gateFactor: rule.gateFactor, upFactor: rule.upFactor))
    }

    func attention(
        queries: Tensor, keys: Tensor, values: Tensor, _ attention: SoftmaxAttention, layer: Int,
        in sequence: LaneSequence
    ) -> Tensor {
        let lanes = 0..<context.laneCount
        let caches = LaneCaches(
            keys: lanes.map { sequence.cache.keys(layer: layer, lane: $0) },
            values: lanes.map { sequence.cache.values(layer: layer, lane: $0) })
        let positions = sequence.inputs.positions
        let placed = graph.lanePlaced(queries: queries, keys: keys, values: values, positions: positions, in: caches)
        let stored = placed ?? graph.laneStore(keys: keys, values: values, positions: positions, in: caches)
        let parameters = Graph.LaneAttention(
            scale: attention.scale, slidingWindow: attention.slidingWindow, softcap: attention.softcap,
            softcapDerivative: rule.activation == .derivative, sinks: attention.sinks, scoreFactor: rule.scoreFactor,
            valueFactor: rule.valueFactor)
        let output = graph.laneAttention(
            queries: placed ?? queries, positions: graph.suffix(positions, axis: 0, queries.shape[2]), stored: stored,
            caches: caches, keyValueHeads: keys.shape[1],
            headWeights: context.headWeights[layer], parameters, scratch: attentionScratch)
        return graph.reshape(output, queries.shape[0] * queries.shape[1], 1, queries.shape[2], context.laneCount)
    }
}
