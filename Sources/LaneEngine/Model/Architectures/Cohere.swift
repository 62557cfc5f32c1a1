extension Architecture {
    /// Command R and Aya 23: LayerNorm, attention and feed-forward network side by side, scaled logits.
    static let commandR = Architecture(
        name: "command-r", ropeLayout: .interleaved, norm: .layer, norms: [.attention, .query, .key],
        optionalNorms: [.query, .key], isParallel: true
    ) { configuration, metadata in
        configuration.logitScale = Float(try metadata.optionalFloat("%.logit_scale", in: 1e-6...1e6, unset: 0) ?? 1)
    }

    /// Command R7B and A (arXiv 2504.00698): three sliding-window layers with rotary embeddings to each global one without.
    static let cohere2 = Architecture(
        name: "cohere2", ropeLayout: .interleaved, norm: .layer, norms: [.attention], isParallel: true,
        scalesFeedForward: true
    ) { configuration, metadata in
        try commandR.refine(&configuration, metadata)
        let window = try metadata.integer("%.attention.sliding_window", in: 1...16_777_216)
        try configuration.setSlidingWindow(window, metadata, period: 4, base: nil, readsBase: false)
        for layer in 0..<configuration.layerCount where configuration.attention[layer].slidingWindow == nil {
            configuration.attention[layer].rope = nil
        }
    }
}
