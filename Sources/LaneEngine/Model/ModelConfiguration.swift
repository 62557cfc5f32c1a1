import TensorGraph

/// The hyper-parameters of a decoder-only transformer, read from the metadata of its GGUF file and checked.
public struct ModelConfiguration: Sendable {
    /// GGUF's name of the model family, such as `llama`.
    public let architecture: String
    /// As the file names the model, where it does.
    public let name: String?
    /// Positions the model was trained on.
    public let contextLength: Int
    /// Width of the residual stream.
    public let embeddingLength: Int
    /// Transformer layers.
    public let layerCount: Int
    /// Width of the feed-forward networks.
    public let feedForwardLength: Int
    /// Query heads of a layer.
    public let headCount: Int
    /// Heads of keys and values; each serves `headCount / keyValueHeadCount` query heads.
    public let keyValueHeadCount: Int
    /// Elements of one head's query, key and value.
    public let headWidth: Int
    /// Tokens of the vocabulary.
    public let vocabularySize: Int
    /// Added to the mean square in an RMSNorm.
    public let normEpsilon: Float
    /// Factor on the embeddings at the input of the first layer; 1 where the family has none.
    public var embeddingScale: Float = 1
    /// Factor on `q·k` before the softmax.
    public var attentionScale: Float
    let activation: ActivationFunction
    /// Position embedding and window of each layer.
    public var attention: [LayerAttention]

    /// How a layer attends.
    public struct LayerAttention: Sendable, Hashable {
        /// How positions turn queries and keys.
        public var rope: RotaryEmbedding
        /// Positions that a query sees, itself included; nil for all.
        public var slidingWindow: Int?
    }

    init(_ metadata: MetadataReader, _ architecture: Architecture, vocabularySize: Int) throws {
        self.architecture = architecture.name
        self.vocabularySize = vocabularySize
        activation = architecture.activation
        name = try metadata.optionalDescription("general.name")
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
        attentionScale = 1 / Float(headWidth).squareRoot()
        attention = []
        let rope = try Self.rotaryEmbedding(metadata, architecture.ropeLayout, headWidth: headWidth)
        attention = Array(repeating: LayerAttention(rope: rope, slidingWindow: nil), count: layerCount)
        try architecture.refine(&self, metadata)
        try metadata.require("%.attention.scale", toBe: Double(attentionScale))
        for key in ["%.attention.key_length_swa", "%.attention.value_length_swa"] {
            try metadata.require(key, toBe: Double(headWidth))
        }
        try metadata.require("%.rope.dimension_count_swa", toBe: Double(rope.dimensions))
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
        let factor: Double
        switch try metadata.optionalString("%.rope.scaling.type") ?? "linear" {
        case "none":
            factor = 1
            _ = metadata.value("%.rope.scaling.factor")
            _ = metadata.value("%.rope.scale_linear")
        case "linear": factor = try Self.linearScaling(metadata)
        case let type:
            throw metadata.invalid("%.rope.scaling.type", "is '\(type)'", remedy: "Supported are 'none' and 'linear'.")
        }
        return RotaryEmbedding(
            layout: layout, dimensions: dimensions, base: Float(base), frequencyScale: Float(1 / factor))
    }

    /// How much farther positions are apart than in training. As in llama.cpp the older key counts only where there is no
    /// newer one, and 0 means that nothing is scaled.
    private static func linearScaling(_ metadata: MetadataReader) throws -> Double {
        let older = try metadata.optionalFloat("%.rope.scale_linear", in: 1e-3...1e6, unset: 0)
        let factor = try metadata.optionalFloat("%.rope.scaling.factor", in: 1e-3...1e6, unset: 0)
        return factor ?? (metadata.value("%.rope.scaling.factor") == nil ? older : nil) ?? 1
    }
}

/// The non-linearity `a(h) = h * gate(h)` of a gated feed-forward network.
enum ActivationFunction: Sendable {
    /// gate(h) = sigmoid(h).
    case silu
    /// The tanh form of GELU: gate(h) = sigmoid(2 sqrt(2/pi) (h + 0.044715 h^3)).
    case geluTanh
}
