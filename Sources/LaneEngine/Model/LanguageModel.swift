import Foundation
import TensorGraph

/// A model loaded from a GGUF file: immutable, and shared by any number of concurrent sessions.
///
/// ```swift
/// let model = try LanguageModel(path: "model.gguf")
/// print(model.configuration.layerCount)
/// ```
public final class LanguageModel: Sendable {
    /// How a model is loaded.
    public struct Options: Sendable {
        /// Layers on graphics processors, counted from the last; more than the model has also moves the output matrix.
        public var gpuLayers = 0
        /// Copies weights into layouts for faster products on the CPU: see `WeightPanels`.
        public var repacksWeights = true

        /// All layers on the CPU.
        public init() {}
    }

    /// Of the file.
    public let path: String
    /// What the file says about the model's shape.
    public let configuration: ModelConfiguration
    /// The model's tokenizer; nil for a file without a vocabulary.
    public let tokenizer: Tokenizer?
    package let weights: TransformerWeights
    package let file: GGUFFile
    let devices: [Device]
    /// For each layer the index of its graphics processor in `devices`, or nil for the CPU.
    let layerDevices: [Int?]

    /// Loads the model at `path`.
    /// - Parameter progress: called with the fraction of weights that have been copied, where any are.
    /// - Throws: ``TensorGraphError`` naming the file, the field at fault and a remedy.
    public init(path: String, options: Options = Options(), progress: ((Double) -> Void)? = nil) throws {
        let (plan, configuration, tokenizer) = try Self.open(path: path)
        let devices = options.gpuLayers > 0 ? Device.gpus : []
        let offloaded = devices.isEmpty ? 0 : min(options.gpuLayers, configuration.layerCount)
        layerDevices = (0..<configuration.layerCount).map { layer in
            let index = layer - (configuration.layerCount - offloaded)
            return index < 0 ? nil : index * devices.count / offloaded
        }
        weights = try TransformerWeights(
            plan, devices: devices, layerDevices: layerDevices,
            outputDevice: options.gpuLayers > configuration.layerCount && !devices.isEmpty ? devices.count - 1 : nil,
            repacked: options.repacksWeights, progress: progress)
        self.path = path
        file = plan.file
        self.tokenizer = tokenizer
        self.devices = devices
        self.configuration = configuration
    }

    /// Whether there is a graphics processor that this build can use.
    public static var hasGPU: Bool { !Device.gpus.isEmpty }

    /// Reads and checks everything but the weights.
    package static func open(path: String) throws -> (WeightPlan, ModelConfiguration, Tokenizer?) {
        let (file, header) = try GGUFFile.open(path: path)
        let metadata = try MetadataReader(header)
        guard !file.tensors.isEmpty else {
            let isVocabulary = header.keys.contains { $0.hasPrefix("tokenizer.") }
            throw TensorGraphError.invalidFile(
                path: path, field: "tensors",
                problem: isVocabulary ? "the file is a vocabulary without weights" : "the file has none",
                remedy: "Give a file with the model's weights.")
        }
        let architecture = try Architecture.named(metadata.architecture, for: metadata)
        guard let embedding = file.tensors["token_embd.weight"] else {
            throw TensorGraphError.invalidFile(
                path: path, field: "tensor token_embd.weight", problem: "is missing",
                remedy: "The file is incomplete; download or convert it again.")
        }
        guard embedding.shape[1] <= 16_777_216 else {
            throw metadata.invalid("tensor token_embd.weight", "has \(embedding.shape[1]) rows, one for each token")
        }
        let configuration = try ModelConfiguration(metadata, architecture, vocabularySize: embedding.shape[1])
        try metadata.checkUnreadKeys()
        let plan = try WeightPlan(file, configuration, architecture)
        return (plan, configuration, try Tokenizer(metadata, vocabularySize: configuration.vocabularySize))
    }
}
