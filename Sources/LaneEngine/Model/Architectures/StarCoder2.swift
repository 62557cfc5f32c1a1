extension Architecture {
    /// StarCoder 2 (arXiv 2402.19173): LayerNorm, biases everywhere, GELU without a gate.
    static let starCoder2 = Architecture(
        name: "starcoder2", ropeLayout: .halves, norm: .layer, activation: .geluTanh, isGated: false)

    /// GPT-NeoX and Pythia (arXiv 2204.06745, 2304.01373): LayerNorm, partly rotated heads; attention and feed-forward network
    /// side by side, each with a norm of its own, unless the file says otherwise.
    static let gptNeoX = Architecture(
        name: "gptneox", ropeLayout: .halves, norm: .layer, activation: .geluTanh, isGated: false
    ) { configuration, metadata in
        configuration.isParallel = try metadata.optionalBool("%.use_parallel_residual") ?? true
    }

    /// Falcon (arXiv 2311.16867): attention and feed-forward network side by side, behind one norm or, in the larger models, two.
    static let falcon = Architecture(
        name: "falcon", ropeLayout: .halves, norm: .layer, optionalNorms: [.attention],
        normNames: [.attention: "attn_norm_2", .feedForward: "attn_norm"], activation: .geluTanh, isGated: false,
        isParallel: true)

    /// Phi 1.5 and 2 (arXiv 2309.05463): likewise behind one norm, with biases and partly rotated heads.
    static let phi2 = Architecture(
        name: "phi2", ropeLayout: .halves, norm: .layer, norms: [.attention], activation: .geluTanh, isGated: false,
        isParallel: true)

    /// CodeShell (arXiv 2403.15747): as StarCoder 2.
    static let codeShell = Architecture(
        name: "codeshell", ropeLayout: .halves, norm: .layer, activation: .geluTanh, isGated: false)

    /// Nemotron 4 and Minitron (arXiv 2402.16819): LayerNorm, the square of ReLU without a gate.
    static let nemotron = Architecture(
        name: "nemotron", ropeLayout: .halves, norm: .layer, activation: .reluSquared, isGated: false)

    /// Orion (arXiv 2401.12246): a Llama with LayerNorm.
    static let orion = Architecture(name: "orion", ropeLayout: .halves, norm: .layer)

    /// StableLM 2 (arXiv 2402.17834): LayerNorm, partly rotated heads; where there is no norm before the feed-forward network
    /// that reads what attention read.
    static let stableLM = Architecture(
        name: "stablelm", ropeLayout: .halves, norm: .layer, norms: [.attention, .query, .key, .feedForward],
        optionalNorms: [.query, .key, .feedForward])
}
