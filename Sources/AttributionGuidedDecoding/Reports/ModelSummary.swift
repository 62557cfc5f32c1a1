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
    /// Whether the file has a vocabulary that can be used.
    public let hasTokenizer: Bool
    /// How the file recommends to draw tokens, by llama.cpp's names for it, such as `temp`.
    public let recommendedSampling: [String: String]
    /// What the file's chat template does; nil where there is none.
    public let chatTemplate: ChatTemplate.Summary?

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
