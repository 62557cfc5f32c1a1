/// What is told about a model beside its shape.
extension ModelConfiguration {
    /// Experts of a mixture; 0 where there is none.
    public var expertCount: Int { experts?.count ?? 0 }
    /// Experts that each token is sent to.
    public var chosenExpertCount: Int { experts?.routing.chosenCount ?? 0 }
    /// Layers with experts.
    public var expertLayerCount: Int { (0..<layerCount).count { experts?.layers.contains($0) ?? false } }

    /// What of the computation differs from layers of softmax attention and a network that are all alike.
    public var remarks: [String] {
        var remarks: [String] = []
        func layers(_ count: Int) -> String { count == 1 ? "1 layer" : "\(count) layers" }
        if let latentAttention {
            remarks.append(
                "latent attention: \(latentAttention.rank) elements and \(latentAttention.rotatedWidth) rotated ones are cached of a position"
            )
        }
        let unattending = attention.count { $0.headCount == 0 }
        if unattending > 0 { remarks.append("\(layers(unattending)) without attention") }
        let linear = attention.count { $0.headCount > 0 && $0.keyValueHeadCount == 0 }
        if linear > 0 { remarks.append("\(layers(linear)) with a matrix in place of attention") }
        if Set(attention.map { [$0.headCount, $0.keyValueHeadCount, $0.headWidth] }).count > 1
            || Set(feedForwardLengths).count > 1
        {
            remarks.append("layers differ in heads or widths; the largest are named")
        }
        if let perLayerEmbeddingLength {
            remarks.append("embeddings of \(perLayerEmbeddingLength) elements for each layer")
        }
        let sharing = attention.count { $0.keyValueLayer != nil }
        if sharing > 0 { remarks.append("\(layers(sharing)) with the keys and values of an earlier one") }
        let unrotated = attention.count { $0.headCount > 0 && $0.rope == nil }
        if unrotated > 0 { remarks.append("\(layers(unrotated)) without rotary embeddings") }
        if !predictingLayers.isEmpty {
            remarks.append("not computed: \(layers(predictingLayers.count)) for predicting further tokens")
        }
        if let contextLimit { remarks.append("attention in chunks: contexts up to \(contextLimit) positions") }
        return remarks
    }
}
