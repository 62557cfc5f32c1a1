import TensorGraph

/// Forward mode: activations with any number of tangents beside them, all as columns of one matrix.
///
/// An activation is a tensor `[width, heads, tokens, lanes]`. Lane 0 is the primal, the model's own activation; every
/// other lane is a tangent, the sum over the region of `weight * relevance` on its way to the logits. Linear layers
/// don't tell lanes apart: all of them pass in one matrix product. The other parts do: see ``LaneOperations``.
struct ForwardLanes: Propagation {
    let graph: Graph
    let laneCount: Int
    /// Positions of the new tokens of all sequences, int32 `[tokens]`.
    let positions: Tensor
    /// Mostly one.
    let sequences: [LaneSequence]
    /// So many tokens, the last ones, have their output wanted; all where there are several sequences.
    let wantedCount: Int
    let operations: any LaneOperations

    func wanted(_ x: Tensor) -> Tensor { graph.contiguous(graph.suffix(x, axis: 2, wantedCount)) }

    func linear(_ x: Tensor, _ weights: LinearWeights) -> Tensor { linear(x, [weights])[0] }

    func linear(_ x: Tensor, _ layers: [LinearWeights]) -> [Tensor] {
        let (width, tokens, lanes) = (x.shape[0] * x.shape[1], x.shape[2], x.shape[3])
        let products = operations.linear(
            graph.reshape(x, width, tokens * lanes), layers.map { $0.scale == nil ? $0 : $0.unbiased },
            tokenCount: tokens)
        return zip(products, layers).map { scaled(graph.reshape($0, $0.shape[0], 1, tokens, lanes), $1) }
    }

    /// What a scale beside the matrix does to the product, and the bias with it.
    private func scaled(_ product: Tensor, _ weights: LinearWeights) -> Tensor {
        guard let scale = weights.scale else { return product }
        guard let bias = weights.bias else { return graph.multiply(product, scale) }
        return weights.scalesBias
            ? graph.multiply(biased(product, bias), scale) : biased(graph.multiply(product, scale), bias)
    }

    func projections(_ x: Tensor, query: LinearWeights, key: LinearWeights, value: LinearWeights) -> [Tensor] {
        wantedCount == x.shape[2]
            ? linear(x, [query, key, value]) : [linear(wanted(x), query)] + linear(x, [key, value])
    }

    func add(_ a: Tensor, _ b: Tensor) -> Tensor { operations.add(a, b) }

    func biased(_ x: Tensor, _ bias: Tensor) -> Tensor { operations.context.biased(x, bias) }

    func shifted(_ x: Tensor, by offset: Float) -> Tensor {
        let context = operations.context
        return context.joined(of: x, graph.scale(context.primal(x), by: 1, offset: offset)) { context.tangents(x) }
    }

    func scaled(_ x: Tensor, by factor: Float) -> Tensor { factor == 1 ? x : graph.scale(x, by: factor) }

    func centred(_ x: Tensor) -> Tensor { graph.subtract(x, graph.meanOfRows(x)) }

    func rmsNorm(_ x: Tensor, gain: Tensor?, epsilon: Float) -> Tensor {
        operations.rmsNorm(x, gain: gain, epsilon: epsilon)
    }

    func activated(_ x: Tensor, _ function: ActivationFunction) -> Tensor {
        let context = operations.context
        let primal = context.primal(x)
        let gate = function.gate(primal, in: graph)
        let activated = graph.multiply(primal, gate)
        return context.joined(of: x, activated) {
            let slope = function.slope(primal, gate: gate, activated: activated, context.rule.activation, in: graph)
            return graph.multiply(context.tangents(x), slope)
        }
    }

    func gatedProduct(gate: Tensor, up: Tensor, _ function: ActivationFunction) -> Tensor {
        operations.gatedProduct(gate: gate, up: up, function)
    }

    func splitHeads(_ x: Tensor, count: Int) -> Tensor {
        let shape = x.shape
        return graph.reshape(x, shape[0] * shape[1] / count, count, shape[2], shape[3])
    }

    func tempered(_ x: Tensor, _ temperature: AttentionTemperature) -> Tensor {
        graph.multiply(x, temperature.factors(graph.suffix(positions, axis: 0, x.shape[2]), in: graph))
    }

    func rotate(_ x: Tensor, _ rope: RotaryEmbedding, factors: Tensor?) -> Tensor {
        operations.rotate(x, positions: graph.suffix(positions, axis: 0, x.shape[2]), rope, factors: factors)
    }

    func attention(
        queries: Tensor, keys: Tensor, values: Tensor, _ attention: SoftmaxAttention, layer: Int
    ) -> Tensor {
        let outputs = sequences.map { sequence in
            let part = { sequences.count == 1 ? $0 : sequence.part(of: $0, in: graph) }
            return operations.attention(
                queries: part(queries), keys: part(keys), values: part(values), attention, layer: layer,
                in: sequence)
        }
        return outputs.dropFirst().reduce(outputs[0]) { graph.concatenate($0, $1, axis: 2) }
    }

    func route(_ logits: Tensor, _ routing: Routing, selectionBias: Tensor?) -> (experts: Tensor, weights: Tensor) {
        operations.route(logits, routing, selectionBias: selectionBias)
    }

    func linear(_ x: Tensor, _ weights: LinearWeights, experts: Tensor) -> Tensor {
        operations.multiplyMatrices(x, weights, experts: experts)
    }

    func weightedSum(_ outputs: Tensor, weights: Tensor) -> Tensor {
        operations.weightedSum(outputs, weights: weights)
    }
}
