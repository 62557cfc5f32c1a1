import TensorGraph

/// The operations of a transformer, as an architecture speaks them.
///
/// What passes through is up to the propagator: plain activations, activations with tangents beside them
/// (``ForwardLanes``), or activations that remember how to send relevance back.
protocol Propagation {
    associatedtype Activation

    /// The tokens whose output of this layer is wanted. In the last layer the others serve as keys and values only.
    func wanted(_ x: Activation) -> Activation
    /// `W x + b`, position by position.
    func linear(_ x: Activation, _ weights: LinearWeights) -> Activation
    /// The same for several layers of one activation.
    func linear(_ x: Activation, _ layers: [LinearWeights]) -> [Activation]
    /// Queries of the wanted tokens, keys and values of all.
    func projections(
        _ x: Activation, query: LinearWeights, key: LinearWeights, value: LinearWeights
    ) -> [Activation]
    /// `gain * x / rms(x)` over dimension 0.
    func rmsNorm(_ x: Activation, gain: Tensor, epsilon: Float) -> Activation
    func add(_ a: Activation, _ b: Activation) -> Activation
    /// `a(gate) * up` with the activation function `a`.
    func gatedProduct(gate: Activation, up: Activation, _ function: ActivationFunction) -> Activation
    /// `[heads * width]` at each position to `[width, heads]`.
    func splitHeads(_ x: Activation, count: Int) -> Activation
    /// Rotary position embedding of each head.
    func rotate(_ x: Activation, _ rope: RotaryEmbedding, factors: Tensor?) -> Activation
    /// Causal softmax attention of `layer`; the heads' outputs come back side by side, `[heads * width]` at each position.
    func attention(
        queries: Activation, keys: Activation, values: Activation, scale: Float, slidingWindow: Int?, layer: Int
    ) -> Activation
}

extension Propagation {
    func wanted(_ x: Activation) -> Activation { x }

    func linear(_ x: Activation, _ layers: [LinearWeights]) -> [Activation] { layers.map { linear(x, $0) } }

    func projections(
        _ x: Activation, query: LinearWeights, key: LinearWeights, value: LinearWeights
    ) -> [Activation] { [linear(wanted(x), query)] + linear(x, [key, value]) }
}
