import TensorGraph

/// Embeddings for each layer (Gemma 4 E2B and E4B): a token enters not at the first layer alone, but at every one.
extension Propagation {
    /// What enters all layers, one behind the other, `[layers * length]` at each position: `norm(projection(x) / sqrt(width))`, layer
    /// by layer, plus `embeddings`.
    /// - Parameters:
    ///   - x: what the first layer reads, `[width]` at each position.
    ///   - embeddings: rows of ``PerLayerEmbeddings/table``, times the root of `length`.
    func perLayerInputs(
        _ x: Activation, _ embeddings: Activation, _ weights: PerLayerEmbeddings, _ configuration: ModelConfiguration
    ) -> Activation {
        // The norm takes the factor on the projection back, but for its epsilon.
        let normed = normed(
            splitHeads(linear(x, weights.projection), count: configuration.layerCount), weights.norm,
            configuration.norm, epsilon: configuration.normEpsilon * Float(configuration.embeddingLength))
        return add(splitHeads(normed, count: 1), embeddings)
    }

    /// What of them enters a layer: the root of a half of the sum.
    func perLayerInput(_ all: Activation, layer: Int, length: Int) -> Activation {
        scaled(slice(all, layer * length..<(layer + 1) * length), by: Float(0.5).squareRoot())
    }
}

extension DecoderBlock {
    /// `x + norm(projection(a(gate(x)) * input))`.
    func withPerLayerInput(_ x: Activation, _ input: Activation?) -> Activation {
        guard let input, let weights = weights.perLayerInput else { return x }
        let product = propagator.gatedProduct(
            gate: propagator.linear(x, weights.gate), up: input, configuration.activation)
        return propagator.add(x, normed(propagator.linear(product, weights.projection), weights.norm))
    }
}
