extension Architecture {
    /// gpt-oss (arXiv 2508.10925): experts with biases and clamped gates, attention sinks, every other layer with a sliding
    /// window.
    static let gptOSS = Architecture(
        name: "gpt-oss", ropeLayout: .halves, normNames: [.feedForward: "post_attention_norm"],
        activation: .swish(1.702),
        hasAttentionSinks: true
    ) { configuration, metadata in
        configuration.experts = try metadata.experts(
            gating: .softmaxOfChosen, normalises: false, isMandatory: true,
            feedForwardLength: try metadata.expertLength(dense: configuration.feedForwardLength))
        configuration.gateClamp = 7
        let window = try metadata.integer("%.attention.sliding_window", in: 1...16_777_216)
        try configuration.setSlidingWindow(window, metadata, period: 2, base: nil)
    }
}
