import Foundation
import TensorGraph

extension Architecture {
    /// DeepSeek MoE (arXiv 2401.06066): many small experts after a dense layer, some of them shared.
    static let deepSeek = Architecture(name: "deepseek", ropeLayout: .interleaved, hasRopeFactors: true) {
        configuration, metadata in
        configuration.experts = try metadata.describedExperts(configuration, normalises: false)
        if let scale = try metadata.optionalFloat("%.attention.scale", in: 1e-6...1e6, unset: 0) {
            configuration.attentionScale = Float(scale)
        }
    }

    /// DeepSeek V2 and V3 and models of their form, GLM 4.7 Flash and Kimi K2 among them (arXiv 2405.04434, 2412.19437):
    /// multi-head latent attention, experts after dense layers.
    static let deepSeek2 = Architecture(
        name: "deepseek2", ropeLayout: .interleaved, hasPredictingLayers: true, hasLatentAttention: true
    ) { configuration, metadata in
        try configuration.readLatentAttention(metadata)
        configuration.experts = try metadata.describedExperts(
            configuration, gating: configuration.isGLMLite ? .sigmoid : .softmax)
        if let scale = try metadata.optionalFloat("%.attention.temperature_scale", in: 0...100, unset: 0) {
            let length = try metadata.integer("%.attention.temperature_length", in: 1...16_777_216)
            configuration.setTemperature(AttentionTemperature(length: length, scale: Float(scale), offset: 0))
        }
    }

    /// dots.llm1 (arXiv 2506.05767): norms of queries and keys, experts after dense layers.
    static let dots1 = Architecture(
        name: "dots1", ropeLayout: .halves, norms: [.attention, .query, .key, .feedForward]
    ) {
        configuration, metadata in
        configuration.experts = try metadata.describedExperts(configuration)
    }

    /// Ling (arXiv 2503.05139): experts in every layer, some of them shared.
    static let bailingMoE = Architecture(name: "bailingmoe", ropeLayout: .interleaved, hasRopeFactors: true) {
        configuration, metadata in
        configuration.experts = try metadata.describedExperts(configuration)
        // The number of dense layers is read, and no layer is dense.
        configuration.experts?.layers = Set(0..<configuration.layerCount)
    }

    /// Ling 2 and Ring 2 (arXiv 2510.22115): partly rotated, normed queries and keys, experts in groups after dense layers.
    static let bailingMoE2 = Architecture(
        name: "bailingmoe2", ropeLayout: .halves, norms: dots1.norms, hasPredictingLayers: true
    ) { configuration, metadata in
        let length = try metadata.optionalLength("%.expert_shared_feed_forward_length")
        let count = try metadata.optionalInteger("%.expert_shared_count", in: 0...1024) ?? 0
        configuration.experts = try metadata.describedExperts(
            configuration, sharedLength: length.flatMap { count > 0 ? $0 * count : nil })
    }

    /// ERNIE 4.5 (Baidu).
    static let ernie45 = Architecture(name: "ernie4_5", ropeLayout: .interleaved, ignored: ["attn_output.bias"]) {
        _, metadata in
        _ = metadata.value("%.rope.dimension_sections")
        // Of its kin with experts, whose tensors a file of this name doesn't have.
        _ = metadata.value("%.expert_count")
        _ = metadata.value("%.expert_used_count")
    }

    /// ERNIE 4.5 with experts.
    static let ernie45MoE = Architecture(name: "ernie4_5-moe", ropeLayout: .interleaved, ignored: ernie45.ignored) {
        configuration, metadata in
        try ernie45.refine(&configuration, metadata)
        let step = try metadata.integer("%.interleave_moe_layer_step", in: 1...1024)
        configuration.experts = try metadata.describedExperts(
            configuration, normalises: true,
            sharedLength: try metadata.optionalLength("%.expert_shared_feed_forward_length"),
            isExpertLayer: { ($0 + 1) % step == 0 })
    }
}

extension ModelConfiguration {
    /// GLM 4.7 Flash, whose files don't name their gating; told as llama.cpp does.
    fileprivate var isGLMLite: Bool { (47...48).contains(layerCount) && vocabularySize == 154_880 }

    /// Models whose queries are made from the input, told as llama.cpp does.
    private var isLite: Bool { [26, 27].contains(layerCount) || (layerCount == 48 && vocabularySize == 128_256) }

    fileprivate mutating func readLatentAttention(_ metadata: MetadataReader) throws {
        guard let keyWidth = try metadata.optionalLength("%.attention.key_length_mla"),
            let valueWidth = try metadata.optionalLength("%.attention.value_length_mla")
        else {
            throw metadata.invalid(
                "%.attention.key_length_mla", "is missing: keys and values are stored for each head",
                remedy: "The file is of an older form that is not supported; convert the model again.")
        }
        let rank = try metadata.integer("%.attention.kv_lora_rank", in: 1...16384)
        let queryRank = try metadata.optionalLength("%.attention.q_lora_rank")
        guard let rope = attention[0].rope, rope.dimensions < keyWidth, rank + rope.dimensions == headWidth,
            keyValueHeadCount == 1
        else {
            throw metadata.invalid(
                "%.attention.kv_lora_rank",
                "is \(rank), which with the rotated elements is not key_length \(headWidth) of one shared head")
        }
        latentAttention = LatentAttention(
            rank: rank, rotatedWidth: rope.dimensions, keyWidth: keyWidth, valueWidth: valueWidth,
            queryRank: isLite ? nil : queryRank)
        // YaRN sharpens attention by the square of a magnitude, in place of turning longer queries and keys.
        let stretch = log(1 / rope.frequencyScale)
        let share = try readYaRN(metadata, isRotationOnly: true)
        var magnitude = rope.magnitude * (1 + 0.1 * stretch)
        if rope.yarn != nil, share != 0 {
            for layer in attention.indices { attention[layer].rope?.magnitude /= 1 + 0.1 * stretch }
            magnitude = rope.magnitude
        }
        magnitude *= 1 + share * stretch
        attentionScale = magnitude * magnitude / Float(keyWidth).squareRoot()
    }
}
