import TensorGraph

extension Architecture {
    /// Qwen 2 and 2.5 (arXiv 2407.10671, 2412.15115): biases on queries, keys and values.
    static let qwen2 = Architecture(name: "qwen2", ropeLayout: .halves)

    /// Qwen 1.5 and 2 with experts, one of which is shared and weighed by a gate of its own.
    static let qwen2MoE = Architecture(name: "qwen2moe", ropeLayout: .halves) { configuration, metadata in
        configuration.experts = try metadata.experts(
            normalises: false,
            sharedLength: try metadata.optionalLength("%.expert_shared_feed_forward_length")
                ?? configuration.feedForwardLength,
            weighsSharedExpert: true, isMandatory: true,
            feedForwardLength: try metadata.expertLength(dense: configuration.feedForwardLength))
    }

    /// Qwen 3, dense (arXiv 2505.09388): queries and keys are normalised head by head.
    static let qwen3 = Architecture(
        name: "qwen3", ropeLayout: .halves, norms: [.attention, .query, .key, .feedForward], scalesFeedForward: true)

    /// The text models of Qwen 3 VL: rotation in sections, whose positions are all the same for text. What images add to the first
    /// layers isn't there.
    static let qwen3VL = Architecture(name: "qwen3vl", ropeLayout: .halves, norms: qwen3.norms) { _, metadata in
        _ = metadata.value("%.rope.dimension_sections")
        _ = metadata.value("%.n_deepstack_layers")
    }

    /// The same with experts.
    static let qwen3VLMoE = Architecture(name: "qwen3vlmoe", ropeLayout: .halves, norms: qwen3.norms) {
        configuration, metadata in
        try qwen3VL.refine(&configuration, metadata)
        try qwen3MoE.refine(&configuration, metadata)
    }

    /// Qwen 3.5, text: three layers with a gated delta net (arXiv 2412.06464) to each one with softmax attention, whose output is gated.
    static let qwen35 = Architecture(
        name: "qwen35", ropeLayout: .halves, norms: qwen3.norms, normNames: [.feedForward: "post_attention_norm"],
        gatesAttention: true, hasPredictingLayers: true, scalesFeedForward: true, scalesDeltaNet: true
    ) { configuration, metadata in
        // Rotation in sections, whose positions are all the same for text.
        _ = metadata.value("%.rope.dimension_sections")
        try metadata.readDeltaNet(&configuration, repeatsKeys: true)
    }

    /// The same with experts, one of which is shared and weighed by a gate of its own.
    static let qwen35MoE = Architecture(
        name: "qwen35moe", ropeLayout: .halves, norms: qwen3.norms, normNames: qwen35.normNames, gatesAttention: true,
        hasPredictingLayers: true, scalesExperts: true, scalesSharedExpert: true, scalesDeltaNet: true
    ) { configuration, metadata in
        try qwen35.refine(&configuration, metadata)
        try configuration.readExpertsOfDeltaNets(metadata)
    }

    /// Qwen 3 Next: as these, but for the order of the delta net's heads.
    static let qwen3Next = Architecture(
        name: "qwen3next", ropeLayout: .halves, norms: qwen3.norms, normNames: qwen35.normNames, gatesAttention: true,
        hasPredictingLayers: true, scalesExperts: true, scalesSharedExpert: true
    ) { configuration, metadata in
        _ = metadata.value("%.rope.dimension_sections")
        try metadata.readDeltaNet(&configuration, repeatsKeys: false)
        try configuration.readExpertsOfDeltaNets(metadata)
    }

    /// Qwen 3 with experts (arXiv 2505.09388).
    static let qwen3MoE = Architecture(name: "qwen3moe", ropeLayout: .halves, norms: qwen3.norms, scalesExperts: true) {
        configuration, metadata in
        configuration.experts = try metadata.experts(
            normalises: true, isMandatory: true,
            feedForwardLength: try metadata.expertLength(dense: configuration.feedForwardLength))
    }
}

extension ModelConfiguration {
    fileprivate mutating func readExpertsOfDeltaNets(_ metadata: MetadataReader) throws {
        experts = try metadata.experts(
            normalises: true,
            scale: Float(try metadata.optionalFloat("%.expert_weights_scale", in: 1e-6...1e6, unset: 0) ?? 1),
            sharedLength: try metadata.optionalLength("%.expert_shared_feed_forward_length") ?? feedForwardLength,
            weighsSharedExpert: true, isMandatory: true,
            feedForwardLength: try metadata.expertLength(dense: feedForwardLength))
        experts?.mayBeFused = true
    }
}
