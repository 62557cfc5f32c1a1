import TensorGraph

extension Architecture {
    /// Gemma 3, text (arXiv 2503.19786): norms before and after each sub-layer, five sliding-window layers to each
    /// global one, each kind with a rotary base of its own, scaled embeddings, GELU.
    static let gemma3 = Architecture(
        name: "gemma3", parts: [.queryKeyNorm, .sandwichNorm], ropeLayout: .halves, activation: .geluTanh
    ) { configuration, metadata in
        configuration.embeddingScale = Float(configuration.embeddingLength).squareRoot()
        if configuration.layerCount == 62 {  // The 27 B model scales queries by its hidden width per head.
            configuration.attentionScale =
                1 / Float(configuration.embeddingLength / configuration.headCount).squareRoot()
        }
        if try metadata.optionalFloat("%.final_logit_softcapping", in: 0...1e6) ?? 0 > 0 {
            throw metadata.invalid(
                "%.final_logit_softcapping", "logits are soft-capped", remedy: "Such models are not supported.")
        }
        guard let window = try metadata.optionalInteger("%.attention.sliding_window", in: 0...16_777_216), window > 0
        else { return }
        let localBase = try metadata.optionalFloat("%.rope.freq_base_swa", in: 1...1e12) ?? 10_000
        let period = try metadata.optionalInteger("%.attention.sliding_window_pattern", in: 1...1024) ?? 6
        for layer in 0..<configuration.layerCount where (layer + 1) % period != 0 {
            // Linear scaling stretches the global layers only.
            configuration.attention[layer].rope.base = Float(localBase)
            configuration.attention[layer].rope.frequencyScale = 1
            configuration.attention[layer].slidingWindow = window
        }
    }
}
