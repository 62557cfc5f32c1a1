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
        let window = try metadata.optionalInteger("%.attention.sliding_window", in: 0...16_777_216) ?? 0
        let localBase = try metadata.optionalFloat("%.rope.freq_base_swa", in: 1...1e12) ?? 10_000
        let isLocal = try Self.localLayers(metadata, layerCount: configuration.layerCount)
        for layer in 0..<configuration.layerCount where window > 0 && isLocal[layer] {
            // Linear scaling stretches the global layers only.
            configuration.attention[layer].rope.base = Float(localBase)
            configuration.attention[layer].rope.frequencyScale = 1
            configuration.attention[layer].slidingWindow = window
        }
    }

    /// The layers with a sliding window: listed one by one, or all but the last of each period.
    private static func localLayers(_ metadata: MetadataReader, layerCount: Int) throws -> [Bool] {
        let key = "%.attention.sliding_window_pattern"
        if let listed = try metadata.optionalFlags(key, count: layerCount) { return listed }
        let period = try metadata.optionalInteger(key, in: 1...1024) ?? 6
        return (1...layerCount).map { $0 % period != 0 }
    }
}
