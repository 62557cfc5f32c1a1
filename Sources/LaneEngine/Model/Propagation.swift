import TensorGraph

/// The operations of a transformer, as an architecture speaks them.
///
/// What passes through is up to the propagator: plain activations, activations with tangents beside them
/// (``ForwardLanes``), or activations that remember how to send relevance back.
protocol Propagation {
    associatedtype Activation

    /// The tokens whose output of this layer is wanted. In the last layer the others serve as keys and values only.
    func wanted(_ x: Activation) -> Activation

    // MARK: Linear parts

    /// `W x + b`, position by position.
    func linear(_ x: Activation, _ weights: LinearWeights) -> Activation
    /// The same for several layers of one activation.
    func linear(_ x: Activation, _ layers: [LinearWeights]) -> [Activation]
    /// Queries of the wanted tokens, keys and values of all.
    func projections(_ x: Activation, query: LinearWeights, others: [LinearWeights]) -> [Activation]
    /// `W_h x` for a matrix of each head: `[in, heads]` at each position to `[out, heads]`.
    func linearByHead(_ x: Activation, _ weights: LinearWeights) -> Activation
    func add(_ a: Activation, _ b: Activation) -> Activation
    /// `x + bias`, a constant `[width]`.
    func biased(_ x: Activation, _ bias: Tensor) -> Activation
    /// `x + offset`, a constant.
    func shifted(_ x: Activation, by offset: Float) -> Activation
    func scaled(_ x: Activation, by factor: Float) -> Activation
    /// `x - mean(x)` over dimension 0.
    func centred(_ x: Activation) -> Activation
    /// `[heads * width]` at each position to `[width, heads]`.
    func splitHeads(_ x: Activation, count: Int) -> Activation
    /// Some of the elements of dimension 0.
    func slice(_ x: Activation, _ range: Range<Int>) -> Activation
    /// Dimension 0 of both, one behind the other.
    func joined(_ a: Activation, _ b: Activation) -> Activation
    /// Rotary position embedding of each head.
    func rotate(_ x: Activation, _ rope: RotaryEmbedding, factors: Tensor?) -> Activation
    /// Each position times its temperature.
    func tempered(_ x: Activation, _ temperature: AttentionTemperature) -> Activation

    // MARK: Parts with a rule

    /// `gain * x / rms(x)` over dimension 0; the gain is `[width]` or `[width, heads]`.
    func rmsNorm(_ x: Activation, gain: Tensor?, epsilon: Float) -> Activation
    /// `a(x)`.
    func activated(_ x: Activation, _ function: ActivationFunction) -> Activation
    /// `a(gate) * up` with the activation function `a`.
    func gatedProduct(gate: Activation, up: Activation, _ function: ActivationFunction) -> Activation
    /// Causal softmax attention of `layer`; the heads' outputs come back side by side, `[heads * width]` at each position.
    /// - Parameter keysAndValues: nil for those that an earlier layer has made.
    func attention(
        queries: Activation, keysAndValues: (keys: Activation, values: Activation)?, _ attention: SoftmaxAttention,
        layer: Int
    ) -> Activation

    /// Each channel's sum of its last inputs times `weights` `[inputs, channels]`, `x` the newest (a causal convolution).
    func convolved(_ x: Activation, _ weights: Tensor, layer: Int) -> Activation
    /// The heads' outputs of ``DeltaNet``, side by side, for what its convolution gave. Decays and steps, `[valueHeads]`, are constants,
    /// as are queries and keys.
    func deltaNet(
        _ x: Activation, decays: Activation, steps: Activation, _ net: Graph.LaneDeltaNet, layer: Int
    ) -> Activation
    /// `x` times the sigmoid of as many gates, which are constants.
    func damped(_ x: Activation, by gates: Activation) -> Activation

    /// What a layer's attention gives for `input`; a propagator may take note of both.
    func observed(_ output: Activation, of input: Activation, layer: Int) -> Activation

    // MARK: Regions

    /// `x`, which lies at a place where regions may begin.
    func marked(_ x: Activation, at place: RegionPlace) -> Activation

    // MARK: Experts

    /// The experts of each position, int32 `[chosen, positions]`, and their weights, `[1, chosen]` at each position.
    func route(_ logits: Activation, _ routing: Routing, selectionBias: Tensor?) -> (
        experts: Tensor, weights: Activation
    )
    /// `W_e x + b_e` for each of a position's experts: `[in, 1 or chosen]` at each position to `[out, chosen]`.
    func linear(_ x: Activation, _ weights: LinearWeights, experts: Tensor) -> Activation
    /// What enters or leaves experts, `[width, 1 or chosen]` at each position, times their weights `[1, chosen]`.
    func weighed(_ x: Activation, weights: Activation) -> Activation
    /// The sum over experts, `[width, chosen]` to `[width, 1]` at each position.
    func sumOfExperts(_ x: Activation) -> Activation
}

extension Propagation {
    func wanted(_ x: Activation) -> Activation { x }

    func observed(_ output: Activation, of input: Activation, layer: Int) -> Activation { output }

    func linear(_ x: Activation, _ layers: [LinearWeights]) -> [Activation] { layers.map { linear(x, $0) } }

    func projections(_ x: Activation, query: LinearWeights, others: [LinearWeights]) -> [Activation] {
        [linear(wanted(x), query)] + linear(x, others)
    }

    /// RMSNorm, or LayerNorm: RMSNorm of what is left without the mean, plus a bias.
    func normed(_ x: Activation, _ norm: NormWeights, _ kind: NormWeights.Kind, epsilon: Float) -> Activation {
        let y = rmsNorm(kind == .layer ? centred(x) : x, gain: norm.gain, epsilon: epsilon)
        return norm.bias.map { biased(y, $0) } ?? y
    }
}
