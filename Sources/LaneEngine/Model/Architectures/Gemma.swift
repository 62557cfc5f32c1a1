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
        name: "gemma3", ropeLayout: .halves, norms: gemma2.norms.union([.query, .key]), activation: .geluTanh
    ) { configuration, metadata in
        try gemma.refine(&configuration, metadata)
        if configuration.layerCount == 62 { configuration.scaleQueriesByHiddenWidth() }
        configuration.logitSoftcap = try metadata.optionalFloat("%.final_logit_softcapping", in: 1e-3...1e6, unset: 0)
            .map { Float($0) }
        guard let window = try metadata.optionalLength("%.attention.sliding_window") else { return }
        // Linear scaling stretches the global layers only.
        try configuration.setSlidingWindow(window, metadata, period: 6, base: 10_000, isScaled: false)
    }

    /// Gemma 4: global layers have wider heads, fewer of them for keys, and keys that serve as values; values are
    /// normed; each layer's output has a factor. The model with experts has them beside the dense networks. The small ones
    /// (E2B, E4B) have embeddings for each layer, and last layers that attend over the keys and values of earlier ones.
    static let gemma4 = Architecture(
        name: "gemma4", ropeLayout: .halves, norms: gemma3.norms, activation: .geluTanh, layersDiffer: true,
        hasOutputScales: true, sharesKeysAsValues: true, hasRopeFactors: true, scalesFeedForward: true,
        scalesExperts: true
    ) { configuration, metadata in
        try gemma.refine(&configuration, metadata)
        configuration.attentionScale = 1
        let softcap = try metadata.optionalFloat("%.final_logit_softcapping", in: 1e-3...1e6, unset: 0)
        configuration.logitSoftcap = softcap.map { Float($0) }
        if softcap == nil, metadata.value("%.final_logit_softcapping") == nil { configuration.logitSoftcap = 30 }
        let window = try metadata.integer("%.attention.sliding_window", in: 1...16_777_216)
        try configuration.setSlidingWindow(window, metadata, period: 6, base: 10_000, isScaled: false)
        let width = try metadata.optionalInteger("%.attention.key_length_swa", in: 2...4096) ?? configuration.headWidth
        try metadata.require("%.attention.value_length_swa", toBe: Double(width))
        let rotated =
            try metadata.optionalInteger("%.rope.dimension_count_swa", in: 2...4096)
            ?? configuration.attention[0].rope?.dimensions ?? width
        guard width % 2 == 0, rotated % 2 == 0, rotated <= width else {
            throw metadata.invalid(
                "%.rope.dimension_count_swa", "is \(rotated), expected an even number up to the head width \(width)")
        }
        for layer in 0..<configuration.layerCount {
            configuration.attention[layer].gainlessNorms = [.value]
            guard configuration.attention[layer].slidingWindow != nil else { continue }
            configuration.attention[layer].headWidth = width
            configuration.attention[layer].rope?.dimensions = rotated
            configuration.attention[layer].usesRopeFactors = false
        }
        configuration.perLayerEmbeddingLength = try metadata.optionalLength("%.embedding_length_per_layer_input")
        try configuration.shareKeysAndValues(metadata)
        guard let length = try metadata.optionalLength("%.expert_feed_forward_length") else { return }
        configuration.experts = try metadata.experts(normalises: true, feedForwardLength: length)
        configuration.experts?.isBesideDense = true
        configuration.experts?.mayBeFused = true
    }
}

extension ModelConfiguration {
    /// The last layers attend over what the last of their kind before them has made: of the two layers before them the first has a
    /// sliding window, the second sees all positions.
    fileprivate mutating func shareKeysAndValues(_ metadata: MetadataReader) throws {
        let key = "%.attention.shared_kv_layers"
        let count = try metadata.optionalInteger(key, in: 0...layerCount - 1) ?? 0
        for layer in layerCount - count..<layerCount {
            let source = layerCount - count - (attention[layer].slidingWindow == nil ? 1 : 2)
            var own = attention[layer]
            own.headCount = source >= 0 ? attention[source].headCount : 0
            guard source >= 0, own == attention[source] else {
                throw metadata.invalid(
                    key,
                    "is \(count), but layer \(max(0, source)) has no keys and values that layer \(layer) could attend over",
                    remedy: "Their heads or windows differ; convert the model again.")
            }
            attention[layer].keyValueLayer = source
        }
    }

    /// As the 27 B models do.
    fileprivate mutating func scaleQueriesByHiddenWidth() {
        attentionScale = 1 / Float(embeddingLength / headCount).squareRoot()
    }
}
