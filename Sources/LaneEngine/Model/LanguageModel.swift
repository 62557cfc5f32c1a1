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
        /// Layers on graphics processors and servers, counted from the last; more than the model has also moves the output matrix.
        /// Nil for none, or with servers all layers.
        public var gpuLayers: Int?
        /// Machines that run ggml's `rpc-server`, as `HOST:PORT`: they get layers as graphics processors here do, before those.
        public var servers: [String] = []
        /// How long a server may do nothing while it is waited for.
        public var serverPatience = Duration.seconds(8)
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
    /// Servers and graphics processors that hold parts of the model.
    package let devices: [Device]
    let placement: LayerPlacement

    /// For each layer the index of its device in `devices`, or nil for the CPU.
    var layerDevices: [Int?] { placement.layers }
    var isOnServers: Bool { devices.contains { $0.server != nil } }

    /// Loads the model at `path`.
    /// - Parameter progress: called with the fraction of weights that have been copied, where any are.
    /// - Throws: ``TensorGraphError`` naming the file, the field at fault and a remedy, or the server that can't be used.
    public init(path: String, options: Options = Options(), progress: ((Double) -> Void)? = nil) throws {
        let (plan, configuration, tokenizer) = try Self.open(path: path)
        let offloaded = options.gpuLayers ?? (options.servers.isEmpty ? 0 : configuration.layerCount)
        // Servers come first: what follows the last layer, logits of the whole vocabulary, needn't cross the network then.
        let devices = offloaded > 0 ? try options.remoteDevices() + Device.gpus : []
        placement = LayerPlacement(
            layerCount: configuration.layerCount, offloaded: offloaded, freeMemory: devices.map(\.memory.free),
            inseparable: configuration.sharingLayers)
        weights = try TransformerWeights(
            plan, devices: devices, layerDevices: placement.layers, outputDevice: placement.output,
            repacked: options.repacksWeights, progress: progress)
        self.path = path
        file = plan.file
        self.tokenizer = tokenizer
        self.devices = devices
        self.configuration = configuration
    }

    /// Whether there is a graphics processor that this build can use.
    public static var hasGPU: Bool { !Device.gpus.isEmpty }

    /// A server that holds a part of the model and failed: nothing can be computed any more. Nil where all are well.
    public var lostServer: TensorGraphError? {
        for device in devices {
            do { try device.server?.link.check() } catch { return error as? TensorGraphError }
        }
        return nil
    }

    /// Whether this build can use servers.
    public static var supportsServers: Bool { RemoteServer.isSupported }

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

extension LanguageModel.Options {
    /// Whether a text is of the form `HOST:PORT`.
    public static func isServerAddress(_ text: String) -> Bool { ServerAddress(text) != nil }

    fileprivate func remoteDevices() throws -> [Device] {
        try servers.flatMap { text in
            guard let address = ServerAddress(text) else {
                throw TensorGraphError.serverLost(address: text, problem: "has no address of the form HOST:PORT")
            }
            guard RemoteServer.isSupported else {
                throw TensorGraphError.serverLost(
                    address: text, problem: "can't be used by this build; GGML_RPC=1 make builds one that can")
            }
            return try RemoteServer(address, patience: serverPatience).devices
        }
    }
}
