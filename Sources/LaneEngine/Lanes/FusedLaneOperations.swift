import TensorGraph

/// Lane operations with one kernel for each part, on the CPU: weights, activations, keys and values are read once for all
/// lanes, and attention is one operation for all sequences.
struct FusedLaneOperations: LaneOperations {
    let columns: LaneColumns
    /// Where the sequences' tokens lie, written before each computation.
    private var batch: LaneBatch
    private let attentionScratch: Graph.LaneScratch
    private let productScratch: Graph.LaneScratch

    init(_ columns: LaneColumns, _ batch: LaneBatch, _ configuration: ModelConfiguration, threadCount: Int) {
        self.columns = columns
        self.batch = batch
        attentionScratch = columns.graph.laneAttentionScratch(
            headWidth: configuration.headWidth, laneCount: columns.all.mostLanes, threadCount: threadCount)
        productScratch = columns.graph.laneProductScratch(width: configuration.widestColumn, threadCount: threadCount)
    }

    /// The same for a table of its own.
    func with(_ batch: LaneBatch) -> FusedLaneOperations {
        var operations = self
        operations.batch = batch
        return operations
    }

    private var graph: Graph { columns.graph }
    /// For parts that have no kernel.
    private var composed: ComposedLaneOperations { ComposedLaneOperations(columns: columns, parts: []) }

    func linear(_ x: Tensor, _ layers: [LinearWeights]) -> [Tensor] {
        let matrices = layers.map { Graph.LaneMatrix(weights: $0.weight, panels: $0.panels, bias: $0.bias) }
        let groups = columns.layout(columnCount: x.shape[1]).groups.map(\.size)
        if let products = graph.laneProducts(matrices, x, groups, scratch: productScratch) { return products }
        guard layers.count == 1 else { return layers.flatMap { linear(x, [$0]) } }
        return composed.linear(x, layers)
    }

    func add(_ a: Tensor, _ b: Tensor) -> Tensor { graph.laneSum(a, b) }

    func softmax(_ x: Tensor) -> Tensor { graph.laneSoftmax(x) }

    func rotate(_ x: Tensor, positions: Tensor, _ rope: RotaryEmbedding, factors: Tensor?) -> Tensor {
        graph.laneRotated(x, positions: positions, rope, factors: factors)
    }

    func rmsNorm(_ x: Tensor, gain: Tensor?, epsilon: Float) -> Tensor {
        guard let gain, gain.elementCount == x.shape[0] else {
            return composed.rmsNorm(x, gain: gain, epsilon: epsilon)
        }
        return graph.laneNorm(
            x, gain: gain, epsilon: epsilon,
            columns.layout(of: x).groups.map { ($0.size, $0.rule.norm == .derivative) })
    }

    func gatedProduct(gate: Tensor, up: Tensor, _ function: ActivationFunction) -> Tensor {
        guard function == .silu || function == .geluTanh else {
            return composed.gatedProduct(gate: gate, up: up, function)
        }
        let groups = columns.layout(of: gate).groups.map { group in
            (
                group.size,
                Graph.LaneGate(
                    derivative: group.rule.activation == .derivative, gateFactor: group.rule.gateFactor,
                    upFactor: group.rule.upFactor)
            )
        }
        return graph.laneGatedProduct(gate: gate, up: up, gelu: function == .geluTanh, groups)
    }

    func attention(
        queries: Tensor, keysAndValues: (keys: Tensor, values: Tensor)?, _ attention: SoftmaxAttention, layer: Int
    ) -> Tensor {
        let placed = keysAndValues.flatMap {
            graph.lanePlaced(queries: queries, keys: $0.keys, values: $0.values, layer: layer, of: batch)
        }
        let stored =
            placed ?? keysAndValues.map { graph.laneStore(keys: $0.keys, values: $0.values, layer: layer, of: batch) }
        // Later layers don't name it, and must come after it.
        if attention.servesOtherLayers { stored.map(graph.include) }
        let output = graph.laneAttention(
            queries: placed ?? queries, stored: stored, keyValueHeads: attention.keyValueHeadCount, layer: layer,
            of: batch,
            .init(
                scale: attention.scale, slidingWindow: attention.slidingWindow, softcap: attention.softcap,
                sinks: attention.sinks), scratch: attentionScratch)
        return graph.reshape(output, queries.shape[0] * queries.shape[1], 1, queries.shape[2])
    }

    func marked(_ x: Tensor, at place: RegionPlace) -> Tensor {
        graph.laneRegion(x, layer: place.layer, isResidualStream: place.kind == .residualStream, of: batch)
    }
}

extension LaneSequence.Rule {
    init(_ rule: PropagationRule) {
        self.init(
            softcapDerivative: rule.activation == .derivative, scoreFactor: rule.scoreFactor,
            valueFactor: rule.valueFactor)
    }
}
