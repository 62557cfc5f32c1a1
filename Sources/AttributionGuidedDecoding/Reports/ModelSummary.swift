import TensorGraph

/// What a model file says about itself, without loading its weights.
public struct ModelSummary: Sendable, Encodable {
    /// Where the file is, and the family that it names, such as `llama`.
    public let path, architecture: String
    /// As the file names the model, where it does.
    public let name: String?
    /// Files that the model is split into.
    public let fileCount: Int
    /// Size of the file, and elements of all tensors.
    public let byteCount, parameterCount: Int
    /// Number of tensors of each type.
    public let tensorTypes: [String: Int]
    /// The transformer's shape.
    public let layerCount, embeddingLength, feedForwardLength, headCount, keyValueHeadCount, headWidth: Int
    /// Positions that the model was trained on, and tokens that it knows.
    public let contextLength, vocabularySize: Int
    /// Positions that sliding-window layers look back on; nil where there are none.
    public let slidingWindow: Int?
    /// Layers with a sliding window.
    public let slidingWindowLayerCount: Int
    /// Experts of a mixture, those that each token is sent to, and the layers that have them; 0 where there are none.
    public let expertCount, chosenExpertCount, expertLayerCount: Int
    /// What of the computation differs from layers of softmax attention and a network that are all alike, in words.
    public let remarks: [String]
    /// What the caches take at some context lengths, up to what the model was trained on.
    public let caches: [CacheSize]
    /// Whether the file has a vocabulary that can be used.
    public let hasTokenizer: Bool
    /// How the file recommends to draw tokens, by llama.cpp's names for it, such as `temp`.
    public let recommendedSampling: [String: String]
    /// What the file's chat template does; nil where there is none.
    public let chatTemplate: ChatTemplate.Summary?

    /// Memory of the caches of one lane in half precision; each region takes as much again.
    public struct CacheSize: Sendable, Encodable {
        /// Positions that fit.
        public let contextLength: Int
        /// Bytes where sliding-window layers keep their window only.
        public let byteCount: Int
        /// Bytes where they keep all positions.
        public let wholeByteCount: Int

        init(_ configuration: ModelConfiguration, contextLength: Int) throws {
            func byteCount(_ type: Session.CacheType) throws -> Int {
                try CacheLayout(configuration, contextLength: contextLength, storage: type.storage).byteCount
            }
            var whole = Session.CacheType.float16
            whole.windowMargin = nil
            self.contextLength = contextLength
            self.byteCount = try byteCount(.float16)
            wholeByteCount = try byteCount(whole)
        }
    }

    /// - Throws: ``TensorGraphError`` where the file can't be used.
    public init(path: String) throws {
        let (plan, configuration, tokenizer) = try LanguageModel.open(path: path)
        let file = plan.file
        self.path = path
        architecture = configuration.architecture
        name = configuration.name
        fileCount = file.partCount
        byteCount = file.byteCount
        parameterCount = file.tensors.values.reduce(0) { $0 + $1.elementCount }
        tensorTypes = file.tensors.values.reduce(into: [:]) { $0[$1.type.description, default: 0] += 1 }
        layerCount = configuration.layerCount
        embeddingLength = configuration.embeddingLength
        feedForwardLength = configuration.feedForwardLength
        headCount = configuration.headCount
        keyValueHeadCount = configuration.keyValueHeadCount
        headWidth = configuration.headWidth
        contextLength = configuration.contextLength
        vocabularySize = configuration.vocabularySize
        let windows = configuration.attention.compactMap(\.slidingWindow)
        slidingWindow = windows.first
        slidingWindowLayerCount = windows.count
        expertCount = configuration.expertCount
        chosenExpertCount = configuration.chosenExpertCount
        expertLayerCount = configuration.expertLayerCount
        remarks = configuration.remarks
        caches = try Set([min(4096, contextLength), contextLength]).sorted().map {
            try CacheSize(configuration, contextLength: $0)
        }
        hasTokenizer = tokenizer != nil
        recommendedSampling = configuration.recommendedSampling
        chatTemplate = tokenizer.flatMap(ChatTemplate.Summary.init)
    }
}

extension ChatTemplate {
    /// The template in a model's file.
    /// - Throws: ``PromptError/noTemplate`` where there is none; ``TensorGraphError`` where the file can't be used.
    public static func source(inFile path: String) throws -> String {
        guard let source = try LanguageModel.open(path: path).2?.chatTemplateSource else {
            throw PromptError.noTemplate
        }
        return source
    }
}
