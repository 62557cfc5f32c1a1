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
        return operations.linear(graph.reshape(x, width, tokens * lanes), layers, tokenCount: tokens)
            .map { graph.reshape($0, $0.shape[0], 1, tokens, lanes) }
    }

    func projections(_ x: Tensor, query: LinearWeights, key: LinearWeights, value: LinearWeights) -> [Tensor] {
        wantedCount == x.shape[2]
            ? linear(x, [query, key, value]) : [linear(wanted(x), query)] + linear(x, [key, value])
    }

    func rmsNorm(_ x: Tensor, gain: Tensor, epsilon: Float) -> Tensor {
        operations.rmsNorm(x, gain: gain, epsilon: epsilon)
    }

    func add(_ a: Tensor, _ b: Tensor) -> Tensor { graph.add(a, b) }

    func gatedProduct(gate: Tensor, up: Tensor, _ function: ActivationFunction) -> Tensor {
        operations.gatedProduct(gate: gate, up: up, function)
    }

    func splitHeads(_ x: Tensor, count: Int) -> Tensor {
        let shape = x.shape
        return graph.reshape(x, shape[0] / count, count, shape[2], shape[3])
    }

    func rotate(_ x: Tensor, _ rope: RotaryEmbedding, factors: Tensor?) -> Tensor {
        graph.rotate(x, positions: graph.suffix(positions, axis: 0, x.shape[2]), rope, factors: factors)
    }

    func attention(
        queries: Tensor, keys: Tensor, values: Tensor, scale: Float, slidingWindow: Int?, layer: Int
    ) -> Tensor {
        let outputs = sequences.map { sequence in
            let part = { sequences.count == 1 ? $0 : sequence.part(of: $0, in: graph) }
            return operations.attention(
                queries: part(queries), keys: part(keys), values: part(values), scale: scale,
                slidingWindow: slidingWindow, layer: layer, in: sequence)
        }
        return outputs.dropFirst().reduce(outputs[0]) { graph.concatenate($0, $1, axis: 2) }
    }
}
