import TensorGraph

/// The hyper-parameters of a decoder-only transformer, read from the metadata of its GGUF file and checked.
public struct ModelConfiguration: Sendable {
    /// GGUF's name of the model family, such as `llama`.
    public let architecture: String
    /// As the file names the model, where it does.
    public let name: String?
    /// How the file recommends to draw tokens (`general.sampling.*`), such as `temp` 0.6. Nothing here follows it unasked.
    public let recommendedSampling: [String: String]
    /// Positions the model was trained on.
    public let contextLength: Int
    /// Positions it was trained on before its context was extended; the same where it wasn't.
    public let originalContextLength: Int
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
    /// Factor on what each sub-layer adds to the residual stream.
    public var residualScale: Float = 1
    /// Factor on the logits, before they are soft-capped.
    public var logitScale: Float = 1
    /// Logits are soft-capped at this.
    public var logitSoftcap: Float?
    /// Factor on `q·k` before the softmax.
    public var attentionScale: Float
    /// Scores are soft-capped at this before the softmax.
    public var attentionSoftcap: Float?
    /// How queries grow with their position.
    public var attentionTemperature: AttentionTemperature?
    /// Gates are at most this, what they are multiplied with lies within it on both sides and is raised by 1 (gpt-oss).
    var gateClamp: Float?
    var experts: ExpertConfiguration?
    let norm: NormWeights.Kind
    let activation: ActivationFunction
    let isParallel: Bool
    /// Position embedding and window of each layer.
    public var attention: [LayerAttention]

    /// How a layer attends.
    public struct LayerAttention: Sendable, Hashable {
        /// Nil where the layer knows nothing of positions but their order.
        public var rope: RotaryEmbedding?
        /// Positions that a query sees, itself included; nil for all.
        public var slidingWindow: Int?
    }

    /// The longest column that a matrix is multiplied with.
    var widestColumn: Int {
        max(
            embeddingLength, feedForwardLength, headCount * headWidth, experts?.feedForwardLength ?? 0,
            experts?.sharedFeedForwardLength ?? 0)
    }

    init(_ metadata: MetadataReader, _ architecture: Architecture, vocabularySize: Int) throws {
        self.architecture = architecture.name
        self.vocabularySize = vocabularySize
        (norm, activation, isParallel) = (architecture.norm, architecture.activation, architecture.isParallel)
        name = try metadata.optionalDescription("general.name")
        recommendedSampling = metadata.recommendedSampling
        contextLength = try metadata.integer("%.context_length", in: 1...16_777_216)
        originalContextLength =
            try metadata.optionalLength("%.rope.scaling.original_context_length") ?? contextLength
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
        let epsilon = architecture.norm == .rms ? "layer_norm_rms_epsilon" : "layer_norm_epsilon"
        normEpsilon = Float(try metadata.float("%.attention.\(epsilon)", in: 1e-12...0.1))
        attentionScale = 1 / Float(headWidth).squareRoot()
        attention = []
        let rope = try Self.rotaryEmbedding(
            metadata, architecture.ropeLayout, headWidth: headWidth, originalContextLength: originalContextLength)
        attention = Array(repeating: LayerAttention(rope: rope, slidingWindow: nil), count: layerCount)
        try architecture.refine(&self, metadata)
        try metadata.require("%.attention.scale", toBe: Double(attentionScale))
        for key in ["%.attention.key_length_swa", "%.attention.value_length_swa"] {
            try metadata.require(key, toBe: Double(headWidth))
        }
        try metadata.require("%.rope.dimension_count_swa", toBe: Double(rope.dimensions))
    }
}
