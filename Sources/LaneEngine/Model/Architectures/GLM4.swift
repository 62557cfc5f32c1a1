extension Architecture {
    /// ChatGLM 3 and GLM 4 (9B, arXiv 2406.12793): partly rotated heads, biases, fused matrices.
    static let chatGLM = Architecture(name: "chatglm", ropeLayout: .interleaved)

    /// GLM 4.5 (arXiv 2508.06471): experts after dense layers, partly rotated heads, norms of queries and keys in the largest.
    static let glm4MoE = Architecture(
        name: "glm4moe", ropeLayout: .halves, norms: [.attention, .query, .key, .feedForward],
        optionalNorms: [.query, .key], normNames: [.feedForward: "post_attention_norm"], hasPredictingLayers: true
    ) { configuration, metadata in
        _ = metadata.value("%.rope.dimension_sections")
        configuration.experts = try metadata.describedExperts(configuration, gating: .sigmoid)
    }

    /// GLM 4 (0414): norms before and after each sub-layer, partly rotated heads, gate and up in one matrix. Files of its
    /// multimodal kin rotate in sections, whose positions are all the same for text.
    static let glm4 = Architecture(
        name: "glm4", ropeLayout: .interleaved, norms: [.attention, .postAttention, .feedForward, .postFeedForward]
    ) { configuration, metadata in
        guard case .integers(let sections)? = metadata.value("%.rope.dimension_sections"),
            sections.prefix(2).allSatisfy({ $0 > 0 })
        else { return }
        for layer in 0..<configuration.layerCount { configuration.attention[layer].rope?.layout = .halves }
    }
}
