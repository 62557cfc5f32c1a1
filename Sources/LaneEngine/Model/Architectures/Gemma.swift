import TensorGraph

extension Architecture {
    /// Gemma (arXiv 2403.08295): scaled embeddings, GELU.
    static let gemma = Architecture(name: "gemma", ropeLayout: .halves, activation: .geluTanh) { configuration, _ in
        configuration.embeddingScale = Float(configuration.embeddingLength).squareRoot()
    }

    /// Gemma 2 (arXiv 2408.00118): norms before and after each sub-layer, every other layer with a sliding window, soft-capped
    /// scores and logits.
    static let gemma2 = Architecture(
        name: "gemma2", ropeLayout: .halves,
        norms: [.attention, .postAttention, .feedForward, .postFeedForward], activation: .geluTanh
    ) { configuration, metadata in
        try gemma.refine(&configuration, metadata)
        if configuration.layerCount == 46 { configuration.scaleQueriesByHiddenWidth() }
        let caps = 1e-3...1e6
        configuration.attentionSoftcap = Float(
            try metadata.optionalFloat("%.attn_logit_softcapping", in: caps) ?? 50)
        configuration.logitSoftcap = Float(try metadata.optionalFloat("%.final_logit_softcapping", in: caps) ?? 30)
        let window = try metadata.optionalLength("%.attention.sliding_window") ?? 4096
        try configuration.setSlidingWindow(window, metadata, period: 2, base: nil)
    }

    /// Gemma 3, text (arXiv 2503.19786): five sliding-window layers to each global one, each kind with a rotary base of its
    /// own; queries and keys are normalised head by head.
    static let gemma3 = Architecture(
        name: "gemma3", ropeLayout: .halves, norms: Set(LayerNorm.allCases), activation: .geluTanh
    ) { configuration, metadata in
        try gemma.refine(&configuration, metadata)
        if configuration.layerCount == 62 { configuration.scaleQueriesByHiddenWidth() }
        configuration.logitSoftcap = try metadata.optionalFloat("%.final_logit_softcapping", in: 1e-3...1e6, unset: 0)
            .map { Float($0) }
        guard let window = try metadata.optionalLength("%.attention.sliding_window") else { return }
        // Linear scaling stretches the global layers only.
        try configuration.setSlidingWindow(window, metadata, period: 6, base: 10_000, isScaled: false)
    }
}

extension ModelConfiguration {
    /// As the 27 B models do.
    fileprivate mutating func scaleQueriesByHiddenWidth() {
        attentionScale = 1 / Float(embeddingLength / headCount).squareRoot()
    }
}
