extension Architecture {
    /// Phi 3, 3.5 and 4 (arXiv 2404.14219, 2412.08905): fused matrices, LongRoPE.
    static let phi3 = Architecture(name: "phi3", ropeLayout: .halves, hasRopeFactors: true) { _, metadata in
        // Like llama.cpp: converted files name a window that the models don't all use.
        _ = metadata.value("%.attention.sliding_window")
    }
}
