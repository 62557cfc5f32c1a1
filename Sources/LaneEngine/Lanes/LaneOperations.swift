import TensorGraph

/// The parts of a transformer for all lanes of a batch, each token's under the rule of its group.
///
/// Three ways lead to the same numbers: ``FusedLaneOperations``, one kernel for each part, on the CPU;
/// ``ComposedLaneOperations``, operations of ggml, on any device; and ``DeviceLaneOperations``, some kernels and the rest composed, on
/// graphics processors that have them. Activations are `[width, heads, columns]`.
protocol LaneOperations {
    var columns: LaneColumns { get }

    /// `W x + b` for each of `layers` and each column `[in, columns]`, whatever lane it belongs to; but the bias is part of the
    /// primal only.
    func linear(_ x: Tensor, _ layers: [LinearWeights]) -> [Tensor]
    func add(_ a: Tensor, _ b: Tensor) -> Tensor
    func rotate(_ x: Tensor, positions: Tensor, _ rope: RotaryEmbedding, factors: Tensor?) -> Tensor
    func rmsNorm(_ x: Tensor, gain: Tensor?, epsilon: Float) -> Tensor
    func gatedProduct(gate: Tensor, up: Tensor, _ function: ActivationFunction) -> Tensor
    /// Of each column of the primal's logits.
    func softmax(_ x: Tensor) -> Tensor
    /// Stores each sequence's new keys and values in its caches, then attends; as in ``Propagation``.
    func attention(
        queries: Tensor, keysAndValues: (keys: Tensor, values: Tensor)?, _ attention: SoftmaxAttention, layer: Int
    ) -> Tensor
    /// An activation behind attention, with what the sequences' regions hold of it added to their tangents.
    func marked(_ x: Tensor, at place: RegionPlace) -> Tensor
}
