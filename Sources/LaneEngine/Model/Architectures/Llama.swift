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
            configuration.setTemperature(
                AttentionTemperature(length: configuration.originalContextLength, scale: Float(scale), offset: 0))
        }
    }

    /// Llama 4, text: experts whose inputs are weighed, a shared one beside them, and of four layers one without rotary
    /// embeddings, whose queries grow with the position. The others attend within chunks of 8192 positions: contexts are kept to
    /// the first of them.
    static let llama4 = Architecture(
        name: "llama4", ropeLayout: .interleaved, normsAfterRotation: true, hasRopeFactors: true
    ) {
        configuration, metadata in
        let step = try metadata.integer("%.interleave_moe_layer_step", in: 1...1024)
        let length = try metadata.expertLength(dense: configuration.feedForwardLength)
        var experts = try metadata.experts(
            gating: .sigmoid, normalises: false,
            scale: Float(try metadata.optionalFloat("%.expert_weights_scale", in: 1e-6...1e6, unset: 0) ?? 1),
            sharedLength: length, isMandatory: true, feedForwardLength: length,
            layers: Set((0..<configuration.layerCount).filter { ($0 + 1) % step == 0 }))
        experts?.routing.weighsInputs = true
        configuration.experts = experts
        if let scale = try metadata.optionalFloat("%.attention.scale", in: 1e-6...1e6, unset: 0) {
            configuration.attentionScale = Float(scale)
        }
        // Llama 4 Maverick, of 128 experts, has no norms of queries and keys.
        let norms: Set<LayerNorm> = experts?.count == 128 ? [] : [.query, .key]
        let window = try metadata.optionalInteger("%.attention.sliding_window", in: 0...16_777_216)
        // The pattern and the temperature are the same for all models.
        for key in ["sliding_window_pattern", "temperature_scale", "temperature_length"] {
            _ = metadata.value("%.attention.\(key)")
        }
        // Without chunks llama.cpp leaves the last layer alone unrotated.
        let period = window == 0 ? configuration.layerCount : 4
        for layer in 0..<configuration.layerCount {
            guard (layer + 1) % period == 0 else {
                configuration.attention[layer].gainlessNorms = norms
                continue
            }
            configuration.attention[layer].rope = nil
            if window != 0 { configuration.attention[layer].temperature = .init(length: 8192, scale: 0.1, offset: 1) }
        }
        if window == 0 { return }
        configuration.contextLimit = 8192
        configuration.contextLength = min(configuration.contextLength, 8192)
    }

    /// DeciLM and Nemotron's models that were searched from Llama 3: layers with fewer heads or narrower networks, and some
    /// without attention or with a matrix in its place (arXiv 2411.19146).
    static let deci = Architecture(name: "deci", ropeLayout: .interleaved, layersDiffer: true, hasRopeFactors: true) {
        configuration, metadata in
        if let scale = try metadata.optionalFloat("%.attention.scale", in: 1e-6...1e6, unset: 0) {
            configuration.attentionScale = Float(scale)
        }
        for layer in 0..<configuration.layerCount
        where configuration.feedForwardLengths[layer] == 0 && configuration.attention[layer].headCount > 0 {
            throw metadata.invalid(
                "%.feed_forward_length", "is 0 for layer \(layer), which has attention",
                remedy: "llama.cpp leaves out such layers altogether; they are not supported.")
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

    /// EXAONE 4 (arXiv 2507.11407): norms only after the sub-layers and on queries and keys; in the model of 64 layers three
    /// sliding-window layers with rotary embeddings to each global one without.
    static let exaone4 = Architecture(
        name: "exaone4", ropeLayout: .halves, norms: [.query, .key, .postAttention, .postFeedForward],
        hasPredictingLayers: true, hasRopeFactors: true
    ) { configuration, metadata in
        let window = try metadata.optionalLength("%.attention.sliding_window") ?? 4096
        guard configuration.layerCount == 64 else { return }
        try configuration.setSlidingWindow(window, metadata, period: 4, base: nil)
        for layer in 0..<configuration.layerCount where configuration.attention[layer].slidingWindow == nil {
            configuration.attention[layer].rope = nil
        }
    }

    /// Hunyuan, dense: queries and keys are normed after they are rotated.
    static let hunyuanDense = Architecture(
        name: "hunyuan-dense", ropeLayout: .halves, norms: [.attention, .query, .key, .feedForward],
        normsAfterRotation: true, hasRopeFactors: true
    ) { _, metadata in
        _ = metadata.value("%.rope.dimension_sections")
    }

    /// Hunyuan A13B: the same with experts, one of which is shared.
    static let hunyuanMoE = Architecture(
        name: "hunyuan-moe", ropeLayout: .halves, norms: hunyuanDense.norms, normsAfterRotation: true,
        hasRopeFactors: true
    ) { configuration, metadata in
        configuration.experts = try metadata.experts(
            normalises: true, sharedLength: try metadata.optionalLength("%.expert_shared_feed_forward_length"),
            isMandatory: true, feedForwardLength: try metadata.expertLength(dense: configuration.feedForwardLength))
    }

    /// MiniMax M2: norms on whole queries and keys, a sigmoid for each expert.
    static let miniMaxM2 = Architecture(
        name: "minimax-m2", ropeLayout: .halves, norms: [.attention, .query, .key, .feedForward]
    ) { configuration, metadata in
        configuration.experts = try metadata.describedExperts(configuration, normalises: true)
    }

    /// Maincoder: queries and keys are normed after they are rotated.
    static let mainCoder = Architecture(
        name: "maincoder", ropeLayout: .interleaved, norms: hunyuanDense.norms, normsAfterRotation: true)

    /// PLaMo: attention and feed-forward network side by side behind one norm.
    static let plamo = Architecture(name: "plamo", ropeLayout: .halves, norms: [.attention], isParallel: true)

    static let xverse = Architecture(name: "xverse", ropeLayout: .interleaved)

    /// InternLM 2 (arXiv 2403.17297).
    static let internLM2 = Architecture(name: "internlm2", ropeLayout: .interleaved)
}
