extension Architecture {
    /// Qwen 3, dense (arXiv 2505.09388): queries and keys are normalised head by head.
    static let qwen3 = Architecture(name: "qwen3", parts: .queryKeyNorm, ropeLayout: .halves, activation: .silu)
}
