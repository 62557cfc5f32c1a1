import TensorGraph

/// The hyper-parameters of a decoder-only transformer, read from the metadata of its GGUF file and checked.
public struct ModelConfiguration: Sendable {
    /// GGUF's name of the model family, such as `llama`.
    public let architecture: String
    /// As the file names the model, where it does.
    public let name: String?
    /// How the file recommends to draw tokens (`general.sampling.*`), such as `temp` 0.6. Nothing here follows it unasked.
    public let recommendedSampling: [String: String]
    /// How the file says that embeddings of texts are made; nil where it says nothing.
    public let pooling: Pooling?
    /// Positions the model was trained on, or those of them that are computed rightly: ``contextLimit``.
    public internal(set) var contextLength: Int
    /// Positions it was trained on before its context was extended; the same where it wasn't.
    public let originalContextLength: Int
    /// Width of the residual stream.
    public let embeddingLength: Int
    /// Transformer layers.
    public let layerCount: Int
    /// Layers behind these that predict further tokens and are not computed.
    let predictingLayers: Range<Int>
    /// Width of each layer's feed-forward network; 0 where a layer has none.
    public internal(set) var feedForwardLengths: [Int]
    /// Tokens of the vocabulary.
    public let vocabularySize: Int
    /// Elements of the embedding that a token has for each layer; nil where it has none.
    public internal(set) var perLayerEmbeddingLength: Int?
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
    /// Gates are at most this, what they are multiplied with lies within it on both sides and is raised by 1 (gpt-oss).
    var gateClamp: Float?
    var experts: ExpertConfiguration?
    /// Where queries, keys and values are made from a few shared elements; nil for the usual projections.
    var latentAttention: LatentAttention?
    let norm: NormWeights.Kind
    let activation: ActivationFunction
    var isParallel: Bool
    let normsAfterRotation: Bool
    /// Whether what attention comes to is multiplied with the sigmoid of a gate, which the matrix of queries makes too.
    let gatesAttention: Bool
    /// The longest sequence that is computed rightly; nil where there is none.
    public internal(set) var contextLimit: Int?
    /// How each layer attends.
    public var attention: [LayerAttention]

    /// How a layer attends.
    public struct LayerAttention: Sendable, Hashable {
        /// Query heads; 0 where the layer has no attention.
        public var headCount: Int
        /// Heads of keys and values; each serves `headCount / keyValueHeadCount` query heads. 0 where the layer has no attention,
        /// or something in its place.
        public var keyValueHeadCount: Int
        /// Elements of one head's query, key and value.
        public var headWidth: Int
        /// Nil where the layer knows nothing of positions but their order.
        public var rope: RotaryEmbedding?
        /// Positions that a query sees, itself included; nil for all.
        public var slidingWindow: Int?
        /// How queries grow with their position.
        public var temperature: AttentionTemperature?
        /// The earlier layer whose keys and values it attends over; nil where it has its own.
        public var keyValueLayer: Int?
        /// Norms of queries, keys and values that have no gain, and so no tensor.
        var gainlessNorms: Set<LayerNorm> = []
        /// Whether the rotary frequencies are multiplied by the file's table of factors, if it has one.
        var usesRopeFactors = true
        /// What the layer has in place of attention; its heads are those of values.
        public var deltaNet: DeltaNet?
    }

    /// Query heads of a layer, the most where layers differ.
    public var headCount: Int { attention.reduce(0) { max($0, $1.headCount) } }
    /// Heads of keys and values of a layer, the most where layers differ.
    public var keyValueHeadCount: Int { attention.reduce(0) { max($0, $1.keyValueHeadCount) } }
    /// Elements of one head's query, key and value, the most where layers differ.
    public var headWidth: Int { attention.reduce(0) { max($0, $1.headWidth) } }
    /// Width of a feed-forward network, the most where layers differ.
    public var feedForwardLength: Int { feedForwardLengths.max() ?? 0 }

    /// The longest column that a matrix is multiplied with.
    var widestColumn: Int {
        max(
            embeddingLength, feedForwardLength, attention.reduce(0) { max($0, $1.headCount * $1.headWidth) },
            experts?.feedForwardLength ?? 0,
            experts?.sharedFeedForwardLength ?? 0)
    }

    init(_ metadata: MetadataReader, _ architecture: Architecture, vocabularySize: Int) throws {
        self.architecture = architecture.name
        self.vocabularySize = vocabularySize
        (norm, activation, isParallel) = (architecture.norm, architecture.activation, architecture.isParallel)
        (normsAfterRotation, gatesAttention) = (architecture.normsAfterRotation, architecture.gatesAttention)
        name = try metadata.optionalDescription("general.name")
        recommendedSampling = metadata.recommendedSampling
        // -1, also as an unsigned number, is how llama.cpp writes "not set"; kinds that aren't known matter to embeddings alone.
        pooling = try metadata.optionalInteger("%.pooling_type", in: -1...Int(UInt32.max)).flatMap(Pooling.init)
        contextLength = try metadata.integer("%.context_length", in: 1...16_777_216)
        originalContextLength =
            try metadata.optionalLength("%.rope.scaling.original_context_length") ?? contextLength
        embeddingLength = try metadata.integer("%.embedding_length", in: 1...131_072)
        // Layers that predict further tokens lie behind the others and have no part in the next one.
        let blockCount = try metadata.integer("%.block_count", in: 1...1024)
        let predictingCount =
            try architecture.hasPredictingLayers
            ? metadata.optionalInteger("%.nextn_predict_layers", in: 0...blockCount - 1) ?? 0 : 0
        layerCount = blockCount - predictingCount
        predictingLayers = layerCount..<blockCount
        let shapes = try LayerShapes(metadata, architecture, layerCount: layerCount, embeddingLength: embeddingLength)
        feedForwardLengths = shapes.feedForwardLengths
        let epsilon = architecture.norm == .rms ? "layer_norm_rms_epsilon" : "layer_norm_epsilon"
        normEpsilon = Float(try metadata.float("%.attention.\(epsilon)", in: 1e-12...0.1))
        attentionScale = 1 / Float(shapes.headWidth).squareRoot()
        let rope = try Self.rotaryEmbedding(
            metadata, architecture.ropeLayout, headWidth: shapes.headWidth, originalContextLength: originalContextLength
        )
        attention = zip(shapes.headCounts, shapes.keyValueHeadCounts).map {
            LayerAttention(headCount: $0, keyValueHeadCount: $1, headWidth: shapes.headWidth, rope: rope)
        }
        try architecture.refine(&self, metadata)
        try metadata.require("%.attention.scale", toBe: Double(attentionScale))
        // Families whose layers differ in width have read these themselves.
        guard attention.allSatisfy({ $0.headWidth == shapes.headWidth }) else { return }
        try metadata.require("%.attention.key_length_swa", toBe: Double(shapes.headWidth))
        try metadata.require("%.attention.value_length_swa", toBe: Double(latentAttention?.rank ?? shapes.headWidth))
        try metadata.require("%.rope.dimension_count_swa", toBe: Double(rope.dimensions))
    }
}
