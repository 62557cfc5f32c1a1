import TensorGraph

/// The parts of a transformer for all lanes, under a ``PropagationRule``.
///
/// Two ways lead to the same numbers: ``FusedLaneOperations``, one kernel for each part, on the CPU; and
/// ``ComposedLaneOperations``, operations of ggml, on any device.
protocol LaneOperations {
    /// `W x` for each column of `x`, whatever lane it belongs to.
    func multiplyMatrix(_ weights: Tensor, _ columns: Tensor) -> Tensor
    func rmsNorm(_ x: Tensor, gain: Tensor, epsilon: Float) -> Tensor
    func gatedProduct(gate: Tensor, up: Tensor, _ function: ActivationFunction) -> Tensor
    /// Stores the new keys and values in the caches, then attends; as in ``Propagation``.
    func attention(
        queries: Tensor, keys: Tensor, values: Tensor, scale: Float, slidingWindow: Int?, layer: Int
    ) -> Tensor
}

/// What all lane operations need to know.
struct LaneContext {
    let graph: Graph
    let rule: PropagationRule
    let laneCount: Int
    let inputs: AttentionInputs
    let cache: LaneCache
    /// For each layer in the region the weights of its heads, `[1, 1, heads, tangent lanes]`.
    let headWeights: [Int: Tensor]
}
