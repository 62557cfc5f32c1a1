extension Architecture {
    /// Qwen 2 and 2.5 (arXiv 2407.10671, 2412.15115): biases on queries, keys and values.
    static let qwen2 = Architecture(name: "qwen2", parts: .projectionBias, ropeLayout: .halves, activation: .silu)
}
