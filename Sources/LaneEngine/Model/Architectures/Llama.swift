extension Architecture {
    /// Llama 2, 3, 3.1, 3.2 (arXiv 2407.21783), and the families that share its form: Mistral, SmolLM.
    static let llama = Architecture(name: "llama", parts: .ropeFactors, ropeLayout: .interleaved, activation: .silu)
}
