extension Architecture {
    /// StarCoder 2 (arXiv 2402.19173): LayerNorm, biases everywhere, GELU without a gate.
    static let starCoder2 = Architecture(
        name: "starcoder2", ropeLayout: .halves, norm: .layer, activation: .geluTanh, isGated: false)

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
