import TensorGraph

/// Lane operations with one kernel for each part, on the CPU: every activation, key and value is read once for all lanes.
struct FusedLaneOperations: LaneOperations {
    let context: LaneContext
    let scratch: Graph.LaneScratch

    private var graph: Graph { context.graph }
    private var rule: PropagationRule { context.rule }

    func rmsNorm(_ x: Tensor, gain: Tensor, epsilon: Float) -> Tensor {
        graph.laneNorm(x, gain: gain, epsilon: epsilon, derivative: rule == .inputTimesGradient)
    }

    func gatedProduct(gate: Tensor, up: Tensor, _ function: ActivationFunction) -> Tensor {
        graph.laneGatedProduct(gate: gate, up: up, gelu: function == .geluTanh, rule: rule.laneRule)
    }

    func attention(
        queries: Tensor, keys: Tensor, values: Tensor, scale: Float, slidingWindow: Int?, layer: Int
    ) -> Tensor {
        let lanes = 0..<context.laneCount
        let caches = LaneCaches(
            keys: lanes.map { context.cache.keys(layer: layer, lane: $0) },
            values: lanes.map { context.cache.values(layer: layer, lane: $0) })
        let stored = graph.laneStore(keys: keys, values: values, positions: context.inputs.positions, in: caches)
        let attention = Graph.LaneAttention(
            scale: scale, slidingWindow: slidingWindow,
            scoreFactor: rule.passesThroughAttentionWeights ? rule.queryKeyFactor : 0, valueFactor: rule.valueFactor)
        let output = graph.laneAttention(
            queries: queries, positions: context.inputs.positions, stored: stored, caches: caches,
            keyValueHeads: keys.shape[1], headWeights: context.headWeights[layer], attention, scratch: scratch)
        return graph.reshape(output, queries.shape[0] * queries.shape[1], 1, queries.shape[2], context.laneCount)
    }
}

extension PropagationRule {
    fileprivate var laneRule: LaneRule {
        switch self {
        case .attnLRP: .attnLRP
        case .cpLRP: .cpLRP
        case .inputTimesGradient: .inputTimesGradient
        }
    }
}
