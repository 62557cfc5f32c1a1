extension Architecture {
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
