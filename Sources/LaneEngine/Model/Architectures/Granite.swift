extension Architecture {
    /// Granite 3 (IBM): scales on embeddings, residuals, scores and logits.
    static let granite = Architecture(name: "granite", ropeLayout: .interleaved, hasRopeFactors: true) {
        configuration, metadata in
        try graniteMoE.refine(&configuration, metadata)
        if try metadata.optionalBool("%.rope.scaling.finetuned") == false {
            for layer in 0..<configuration.layerCount { configuration.attention[layer].rope = nil }
        }
    }

    /// MiniCPM (arXiv 2404.06395): Granite's scales, with values of its own where a file names none.
    static let miniCPM = Architecture(name: "minicpm", ropeLayout: .interleaved, hasRopeFactors: true) {
        configuration, metadata in
        let scales = 1e-6...1e6
        configuration.logitScale =
            1
            / Float(
                try metadata.optionalFloat("%.logit_scale", in: scales, unset: 0)
                    ?? 256 / Double(configuration.embeddingLength))
        configuration.residualScale = Float(
            try metadata.optionalFloat("%.residual_scale", in: scales, unset: 0)
                ?? 1.4 / Double(configuration.layerCount).squareRoot())
        configuration.embeddingScale = Float(
            try metadata.optionalFloat("%.embedding_scale", in: scales, unset: 0) ?? 12)
        configuration.experts = try metadata.experts(
            normalises: true, feedForwardLength: configuration.feedForwardLength)
    }

    /// Granite 3 with experts.
    static let graniteMoE = Architecture(name: "granitemoe", ropeLayout: .interleaved, hasRopeFactors: true) {
        configuration, metadata in
        let scales = 1e-6...1e6
        configuration.logitScale = 1 / Float(try metadata.float("%.logit_scale", in: scales))
        configuration.residualScale = Float(
            try metadata.optionalFloat("%.residual_scale", in: scales, unset: 0) ?? 1)
        configuration.embeddingScale = Float(
            try metadata.optionalFloat("%.embedding_scale", in: scales, unset: 0) ?? 1)
        if let scale = try metadata.optionalFloat("%.attention.scale", in: scales, unset: 0) {
            configuration.attentionScale = Float(scale)
        }
        configuration.experts = try metadata.experts(
            normalises: true, sharedLength: try metadata.optionalLength("%.expert_shared_feed_forward_length"),
            feedForwardLength: configuration.feedForwardLength)
    }
}
