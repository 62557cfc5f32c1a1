import TensorGraph

/// One layer of a decoder-only transformer, and the way through all of them, written once for every family and for
/// every way of propagating: `Propagation` decides what an activation is and what each step does to it.
struct DecoderBlock<Propagator: Propagation> {
    typealias Activation = Propagator.Activation

    let propagator: Propagator
    let configuration: ModelConfiguration
    let weights: TransformerWeights.Layer
    let index: Int
    /// Positions that the sequence may come to have, which decides between tables of rotary factors.
    let contextLength: Int

    /// `h = x + attention(norm(x))`, then `h + feedForward(norm(h))`; with norms after the sub-layers their results are normed
    /// too. In parallel both read the layer's input, through a norm each or one for both. A layer may be without either of the two.
    /// - Parameter perLayerInput: of the wanted tokens, where they have embeddings for each layer.
    func callAsFunction(_ x: Activation, perLayerInput: Activation? = nil) -> Activation {
        propagator.marked(output(of: x, perLayerInput), at: .init(layer: index, kind: .residualStream))
    }

    private func output(of x: Activation, _ perLayerInput: Activation?) -> Activation {
        let sharedNorm = configuration.isParallel ? weights.feedForwardNorm : nil
        let input = normed(x, weights.attentionNorm ?? sharedNorm)
        var attended = propagator.wanted(x)
        if let attention = weights.attention {
            attended = propagator.add(
                attended,
                scaled(
                    normed(
                        propagator.observed(self.attention(attention, input), of: input, layer: index),
                        weights.postAttentionNorm)))
        }
        guard let feedForward = weights.feedForward else { return attended }
        let transformed = self.feedForward(feedForward, feedForwardInput(x, input, attended), unnormed: attended)
        let output = propagator.add(attended, scaled(normed(transformed, weights.postFeedForwardNorm)))
        return propagator.scaled(withPerLayerInput(output, perLayerInput), by: weights.outputScale)
    }

    private func feedForwardInput(_ x: Activation, _ input: Activation, _ attended: Activation) -> Activation {
        guard let norm = weights.feedForwardNorm else {
            let readsAttended = !configuration.isParallel && weights.postFeedForwardNorm != nil
            return readsAttended ? attended : propagator.wanted(input)
        }
        return normed(configuration.isParallel ? propagator.wanted(x) : attended, norm)
    }

    private func scaled(_ x: Activation) -> Activation { propagator.scaled(x, by: configuration.residualScale) }

    func normed(_ x: Activation, _ norm: NormWeights?) -> Activation {
        guard let norm else { return x }
        return propagator.normed(x, norm, configuration.norm, epsilon: configuration.normEpsilon)
    }
}
