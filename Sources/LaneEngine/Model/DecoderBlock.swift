import TensorGraph

/// One layer of a decoder-only transformer, and the way through all of them, written once for every family and for
/// every way of propagating: `Propagation` decides what an activation is and what each step does to it.
struct DecoderBlock<Propagator: Propagation> {
    typealias Activation = Propagator.Activation

    let propagator: Propagator
    let configuration: ModelConfiguration
    let weights: TransformerWeights.Layer
    let index: Int

    /// `x + attention(norm(x))`, then `h + feedForward(norm(h))`; with sandwich norms the sub-layers' results are normed too.
    func callAsFunction(_ x: Activation) -> Activation {
        let attended = normed(attention(normed(x, weights.attentionNorm)), weights.postAttentionNorm)
        let h = propagator.add(propagator.wanted(x), attended)
        let transformed = normed(feedForward(normed(h, weights.feedForwardNorm)), weights.postFeedForwardNorm)
        return propagator.add(h, transformed)
    }

    private func attention(_ x: Activation) -> Activation {
        let layer = configuration.attention[index]
        let projected = propagator.projections(x, query: weights.query, key: weights.key, value: weights.value)
        var queries = heads(projected[0], configuration.headCount)
        var keys = heads(projected[1], configuration.keyValueHeadCount)
        let values = heads(projected[2], configuration.keyValueHeadCount)
        queries = propagator.rotate(normed(queries, weights.queryNorm), layer.rope, factors: weights.ropeFactors)
        keys = propagator.rotate(normed(keys, weights.keyNorm), layer.rope, factors: weights.ropeFactors)
        let attended = propagator.attention(
            queries: queries, keys: keys, values: values, scale: configuration.attentionScale,
            slidingWindow: layer.slidingWindow, layer: index)
        return propagator.linear(attended, weights.attentionOutput)
    }

    private func feedForward(_ x: Activation) -> Activation {
        let parts = propagator.linear(x, [weights.gate, weights.up])
        let gated = propagator.gatedProduct(gate: parts[0], up: parts[1], configuration.activation)
        return propagator.linear(gated, weights.down)
    }

    private func normed(_ x: Activation, _ gain: Tensor?) -> Activation {
        guard let gain else { return x }
        return propagator.rmsNorm(x, gain: gain, epsilon: configuration.normEpsilon)
    }

    private func heads(_ x: Activation, _ count: Int) -> Activation { propagator.splitHeads(x, count: count) }
}
