import TensorGraph

/// The parts of a transformer for all lanes, under a ``PropagationRule``.
///
/// Two ways lead to the same numbers: ``FusedLaneOperations``, one kernel for each part, on the CPU; and
/// ``ComposedLaneOperations``, operations of ggml, on any device.
protocol LaneOperations {
    var context: LaneContext { get }

    /// `W x + b` for each of `layers` and each column `[in, tokens * lanes]`, whatever lane it belongs to; but the bias is part of
    /// the primal only, the first `tokenCount` columns.
    func linear(_ columns: Tensor, _ layers: [LinearWeights], tokenCount: Int) -> [Tensor]
    func add(_ a: Tensor, _ b: Tensor) -> Tensor
    func rotate(_ x: Tensor, positions: Tensor, _ rope: RotaryEmbedding, factors: Tensor?) -> Tensor
    func rmsNorm(_ x: Tensor, gain: Tensor?, epsilon: Float) -> Tensor
    func gatedProduct(gate: Tensor, up: Tensor, _ function: ActivationFunction) -> Tensor
    /// Stores a sequence's new keys and values in its caches, then attends; as in ``Propagation``.
    func attention(
        queries: Tensor, keys: Tensor, values: Tensor, _ attention: SoftmaxAttention, layer: Int,
        in sequence: LaneSequence
    ) -> Tensor
}

/// What all lane operations need to know.
struct LaneContext {
    let graph: Graph
    let rule: PropagationRule
    let laneCount: Int
    /// For each layer in the region the weights of its heads, `[1, 1, heads, tangent lanes]`.
    let headWeights: [Int: Tensor]

    func primal(_ x: Tensor) -> Tensor { lane(x, 0) }
    func lane(_ x: Tensor, _ index: Int) -> Tensor { graph.slice(x, axis: 3, index..<index + 1) }
    func tangents(_ x: Tensor) -> Tensor { graph.slice(x, axis: 3, 1..<x.shape[3]) }

    /// The primal with a constant added, which has no part in the tangents.
    func biased(_ x: Tensor, _ bias: Tensor) -> Tensor {
        graph.add(x, x.shape[3] == 1 ? bias : graph.padded(bias, axis: 3, to: x.shape[3]))
    }

    /// What becomes of `x`: its primal and its tangents side by side again. The tangents aren't asked for where it has none.
    func joined(of x: Tensor, _ primal: Tensor, tangents: () -> Tensor) -> Tensor {
        x.shape[3] == 1 ? primal : graph.concatenate(primal, tangents(), axis: 3)
    }
}

/// One of the sequences whose new tokens are evaluated together. They lie side by side on the token axis, where only
/// attention tells them apart.
struct LaneSequence {
    /// The sequence's new tokens on the token axis.
    let tokens: Range<Int>
    let inputs: AttentionInputs
    let cache: LaneCache

    /// The sequence's part of an activation `[width, heads, tokens, lanes]`.
    func part(of x: Tensor, in graph: Graph) -> Tensor {
        tokens.count == x.shape[2] ? x : graph.contiguous(graph.slice(x, axis: 2, tokens))
    }
}
