import TensorGraph

/// What distinguishes one family of decoder-only transformers from another.
///
/// The block itself is written once, in ``DecoderBlock``; a family is the data that it needs. What only the file can tell is
/// read from it: biases, scales and fused matrices are used where they are there.
struct Architecture: Sendable {
    /// GGUF's name.
    let name: String
    let ropeLayout: RotaryEmbedding.Layout
    var norm = NormWeights.Kind.rms
    /// The norms that each layer has.
    var norms: Set<LayerNorm> = [.attention, .feedForward]
    /// Those of them that a file may be without.
    var optionalNorms: Set<LayerNorm> = []
    /// Names of norms' tensors where they aren't the usual ones.
    var normNames: [LayerNorm: String] = [:]
    var activation = ActivationFunction.silu
    /// Whether the feed-forward network is `down(a(gate(x)) * up(x))`; else `down(a(up(x)))`.
    var isGated = true
    /// Whether attention and feed-forward network both read the layer's input.
    var isParallel = false
    /// Whether queries and keys are normed after they are rotated.
    var normsAfterRotation = false
    /// Whether what attention comes to is multiplied with the sigmoid of a gate, whose rows lie behind each head's queries.
    var gatesAttention = false
    /// Whether heads and feed-forward networks may differ from layer to layer.
    var layersDiffer = false
    /// Whether behind the layers there may be some that predict further tokens, which the next token doesn't need.
    var hasPredictingLayers = false
    /// Whether keys and values are made from a few shared elements.
    var hasLatentAttention = false
    /// Whether layers may have a factor on their output.
    var hasOutputScales = false
    /// Whether a layer without a matrix for values uses the one for keys.
    var sharesKeysAsValues = false
    var hasAttentionSinks = false
    /// Whether there may be a table of factors on the rotary frequencies.
    var hasRopeFactors = false
    /// Whether scales beside the matrices of the dense feed-forward network, or of experts, count (NVFP4). llama.cpp loads them
    /// for every family and heeds them for some.
    var scalesFeedForward = false
    var scalesExperts = false
    var scalesSharedExpert = false
    /// Whether scales beside the matrices of delta nets do.
    var scalesDeltaNet = false
    /// Tensors of layers that llama.cpp loads for the family and doesn't use.
    var ignored: Set<String> = []
    /// Reads what only this family has.
    var refine: @Sendable (inout ModelConfiguration, MetadataReader) throws -> Void = { _, _ in }

    static let all: [Architecture] = [
        .llama, .qwen2, .qwen3, .gemma3, .qwen3MoE, .gptOSS, .gemma2, .gemma, .phi3, .mistral3, .smolLM3, .granite,
        .graniteMoE, .qwen2MoE, .olmo2, .olmoE, .commandR, .cohere2, .glm4, .exaone, .internLM2, .starCoder2, .stableLM,
        .seedOSS, .arcee, .xverse, .nemotron, .orion, .gemma4, .deepSeek2, .llama4, .openELM, .deci, .deepSeek,
        .glm4MoE,
        .chatGLM, .qwen3VL, .qwen3VLMoE, .exaone4, .hunyuanDense, .hunyuanMoE, .miniMaxM2, .dots1,
        .bailingMoE2, .ernie45,
        .ernie45MoE, .miniCPM, .gptNeoX, .falcon, .phi2, .codeShell, .bailingMoE, .mainCoder, .plamo,
        .qwen35, .qwen35MoE, .qwen3Next,
    ]

    static func named(_ name: String, for metadata: MetadataReader) throws -> Architecture {
        guard let architecture = all.first(where: { $0.name == name }) else {
            throw metadata.invalid(
                "general.architecture", "is '\(name)'",
                remedy: "Supported are \(all.map { "'\($0.name)'" }.joined(separator: ", ")).")
        }
        return architecture
    }
}

/// The norms of a layer, by GGUF's names of their tensors.
enum LayerNorm: String, Sendable, CaseIterable {
    case attention = "attn_norm"
    case query = "attn_q_norm"
    case key = "attn_k_norm"
    case value = "attn_v_norm"
    case postAttention = "post_attention_norm"
    case feedForward = "ffn_norm"
    case postFeedForward = "post_ffw_norm"
}
