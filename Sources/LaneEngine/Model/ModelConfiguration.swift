import TensorGraph

/// The hyper-parameters of a decoder-only transformer, read from the metadata of its GGUF file and checked.
public struct ModelConfiguration: Sendable {
    /// GGUF's name of the model family, such as `llama`.
    public let architecture: String
    public let name: String?
    /// Positions the model was trained on.
    public let contextLength: Int
    public let embeddingLength: Int
    public let layerCount: Int
    public let feedForwardLength: Int
    public let headCount: Int
    /// Heads of keys and values; each serves `headCount / keyValueHeadCount` query heads.
    public let keyValueHeadCount: Int
    /// Elements of one head's query, key and value.
    public let headWidth: Int
    public let vocabularySize: Int
    public let normEpsilon: Float
    /// Factor on the embeddings at the input of the first layer; 1 where the family has none.
    public var embeddingScale: Float = 1
    /// Factor on `q·k` before the softmax.
    public var attentionScale: Float
    let activation: ActivationFunction
    /// Position embedding and window of each layer.
    public var attention: [LayerAttention]

    public struct LayerAttention: Sendable, Hashable {
        public var rope: RotaryEmbedding
        /// Positions that a query sees, itself included; nil for all.
        public var slidingWindow: Int?
    }

    init(_ metadata: MetadataReader, _ architecture: Architecture, vocabularySize: Int) throws {
        self.architecture = architecture.name
        self.vocabularySize = vocabularySize
        activation = architecture.activation
        name = try metadata.optionalString("general.name")
        contextLength = try metadata.integer("%.context_length", in: 1...16_777_216)
        embeddingLength = try metadata.integer("%.embedding_length", in: 1...131_072)
        layerCount = try metadata.integer("%.block_count", in: 1...1024)
        feedForwardLength = try metadata.integer("%.feed_forward_length", in: 1...1_048_576)
        headCount = try metadata.integer("%.attention.head_count", in: 1...1024)
        keyValueHeadCount = try metadata.optionalInteger("%.attention.head_count_kv", in: 1...1024) ?? headCount
        guard headCount % keyValueHeadCount == 0 else {
            throw metadata.invalid(
                "%.attention.head_count_kv", "is \(keyValueHeadCount), which does not divide head_count \(headCount)")
        }
        if try metadata.optionalInteger("%.expert_count", in: 0...65_536) ?? 0 > 0 {
            throw metadata.invalid("%.expert_count", "the model is a mixture of experts", remedy: "Use a dense model.")
        }
        let keyLength = try metadata.optionalInteger("%.attention.key_length", in: 2...4096)
        guard keyLength != nil || embeddingLength % headCount == 0 else {
            throw metadata.invalid(
                "%.attention.key_length", "is missing, and embedding_length is not a multiple of head_count")
        }
        headWidth = keyLength ?? embeddingLength / headCount
        guard headWidth % 2 == 0, headWidth > 0 else {
            throw metadata.invalid("%.attention.key_length", "heads are \(headWidth) wide, expected an even number")
        }
        if let valueLength = try metadata.optionalInteger("%.attention.value_length", in: 1...4096),
            valueLength != headWidth
        {
            throw metadata.invalid(
                "%.attention.value_length", "is \(valueLength), but keys have \(headWidth)",
                remedy: "Models whose keys and values differ in width are not supported.")
        }
        normEpsilon = Float(try metadata.float("%.attention.layer_norm_rms_epsilon", in: 1e-12...0.1))
        attentionScale = Float(try metadata.optionalFloat("%.attention.scale", in: 1e-6...1e6) ?? 0)
        if attentionScale == 0 { attentionScale = 1 / Float(headWidth).squareRoot() }
        attention = []
        let rope = try Self.rotaryEmbedding(metadata, architecture.ropeLayout, headWidth: headWidth)
        attention = Array(repeating: LayerAttention(rope: rope, slidingWindow: nil), count: layerCount)
        try architecture.refine(&self, metadata)
    }

    private static func rotaryEmbedding(
        _ metadata: MetadataReader, _ layout: RotaryEmbedding.Layout, headWidth: Int
    ) throws -> RotaryEmbedding {
        let dimensions = try metadata.optionalInteger("%.rope.dimension_count", in: 2...4096) ?? headWidth
        guard dimensions <= headWidth, dimensions % 2 == 0 else {
            throw metadata.invalid(
                "%.rope.dimension_count", "is \(dimensions), expected an even number up to the head width \(headWidth)")
        }
        let base = try metadata.optionalFloat("%.rope.freq_base", in: 1...1e12) ?? 10_000
        var factor = 1.0
        switch try metadata.optionalString("%.rope.scaling.type") {
        case nil, "none": factor = try metadata.optionalFloat("%.rope.scale_linear", in: 1e-3...1e6) ?? 1
        case "linear": factor = try metadata.float("%.rope.scaling.factor", in: 1e-3...1e6)
        case let type?:
            throw metadata.invalid("%.rope.scaling.type", "is '\(type)'", remedy: "Supported are 'none' and 'linear'.")
        }
        return RotaryEmbedding(
            layout: layout, dimensions: dimensions, base: Float(base), frequencyScale: Float(1 / factor))
    }
}

/// The non-linearity `a(h) = h * gate(h)` of a gated feed-forward network.
enum ActivationFunction: Sendable {
    /// gate(h) = sigmoid(h).
    case silu
    /// The tanh form of GELU: gate(h) = sigmoid(2 sqrt(2/pi) (h + 0.044715 h^3)).
    case geluTanh
}
