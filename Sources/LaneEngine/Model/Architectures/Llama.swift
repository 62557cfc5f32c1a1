extension Architecture {
    /// Llama 2, 3, 3.1, 3.2 (arXiv 2407.21783), the families that share its form (Mistral, SmolLM), and with experts Mixtral
    /// (arXiv 2401.04088).
    static let llama = Architecture(
        name: "llama", ropeLayout: .interleaved, hasRopeFactors: true, scalesFeedForward: true, scalesExperts: true
    ) {
        configuration, metadata in
        configuration.experts = try metadata.experts(
            normalises: true, feedForwardLength: configuration.feedForwardLength)
    }

    /// Mistral's later models, Ministral 3 among them: YaRN, and queries that grow with the position.
    static let mistral3 = Architecture(
        name: "mistral3", ropeLayout: .interleaved, hasRopeFactors: true, scalesFeedForward: true, scalesExperts: true
    ) {
        configuration, metadata in
        try llama.refine(&configuration, metadata)
        try configuration.readYaRN(metadata)
        if let scale = try metadata.optionalFloat("%.attention.temperature_scale", in: 0...100, unset: 0) {
            configuration.attentionTemperature = AttentionTemperature(
                length: configuration.originalContextLength, scale: Float(scale), offset: 0)
        }
    }

    /// SmolLM 3: no rotary embedding in every fourth layer.
    static let smolLM3 = Architecture(name: "smollm3", ropeLayout: .interleaved) { configuration, _ in
        for layer in 0..<configuration.layerCount where (layer + 1) % 4 == 0 {
            configuration.attention[layer].rope = nil
        }
    }

    /// EXAONE 3 (arXiv 2412.04862).
    static let exaone = Architecture(name: "exaone", ropeLayout: .halves, hasRopeFactors: true)

    /// Seed-OSS: heads of a width of their own, which needs nothing here.
    static let seedOSS = Architecture(
        name: "seed_oss", ropeLayout: .halves, normNames: [.feedForward: "post_attention_norm"])

    /// AFM (Arcee): the square of ReLU, without a gate.
    static let arcee = Architecture(
        name: "arcee", ropeLayout: .interleaved, activation: .reluSquared, isGated: false, hasRopeFactors: true)

    static let xverse = Architecture(name: "xverse", ropeLayout: .interleaved)

    /// InternLM 2 (arXiv 2403.17297).
    static let internLM2 = Architecture(name: "internlm2", ropeLayout: .interleaved)
}
