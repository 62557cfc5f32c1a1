extension Architecture {
    /// OLMo 2 and 3 (arXiv 2501.00656): norms only after the sub-layers and on whole queries and keys; in OLMo 3 three
    /// sliding-window layers to each global one.
    static let olmo2 = Architecture(
        name: "olmo2", ropeLayout: .halves, norms: [.query, .key, .postAttention, .postFeedForward]
    ) { configuration, metadata in
        guard let window = try metadata.optionalLength("%.attention.sliding_window") else { return }
        try configuration.setSlidingWindow(window, metadata, period: 4, base: nil, readsBase: false, isScaled: false)
    }

    /// OpenELM (arXiv 2404.14619): heads and networks that grow with depth.
    static let openELM = Architecture(
        name: "openelm", ropeLayout: .halves, norms: [.attention, .query, .key, .feedForward], layersDiffer: true,
        ignored: ["attn_qkv.scale"])

    /// OLMoE (arXiv 2409.02060): norms on whole queries and keys, experts whose weights don't add up to 1.
    static let olmoE = Architecture(
        name: "olmoe", ropeLayout: .halves, norms: [.attention, .query, .key, .feedForward]
    ) { configuration, metadata in
        configuration.experts = try metadata.experts(
            normalises: false, isMandatory: true, feedForwardLength: configuration.feedForwardLength)
    }
}
