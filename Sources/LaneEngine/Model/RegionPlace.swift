/// A place inside a model at which regions may begin.
struct RegionPlace: Hashable, Sendable {
    enum Kind: Hashable, Sendable {
        /// The outputs of the attention heads, side by side.
        case heads
        /// The neurons of the dense feed-forward network: what the matrix that ends it reads.
        case neurons
        /// The residual stream behind the layer.
        case residualStream
    }

    var layer: Int
    var kind: Kind
}

extension LanguageModel {
    /// Neurons of a layer's dense feed-forward network; 0 where it has none, as among experts.
    public func neuronCount(layer: Int) -> Int {
        switch weights.layers[layer].feedForward {
        case .dense(let network): network.down.mapped.shape[0]
        case .denseAndExperts(let both): both.dense.down.mapped.shape[0]
        case .experts, nil: 0
        }
    }
}
