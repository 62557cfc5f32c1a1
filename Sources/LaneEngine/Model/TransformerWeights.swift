import TensorGraph

/// The weights of a model as tensors, under the names of their roles, with their shapes checked.
package struct TransformerWeights: Sendable {
    struct Layer: Sendable {
        let attentionNorm: Tensor
        let query, key, value, attentionOutput: LinearWeights
        let queryNorm, keyNorm: Tensor?
        let postAttentionNorm: Tensor?
        let feedForwardNorm: Tensor
        let gate, up, down: LinearWeights
        let postFeedForwardNorm: Tensor?
        let ropeFactors: Tensor?
    }

    /// `[embeddingLength, vocabularySize]`, for looking up rows.
    let embedding: Tensor
    let layers: [Layer]
    let outputNorm: Tensor
    let output: LinearWeights
    /// Where the rows of the output matrix lie in the file, to score a few candidates without a full product.
    let outputRows: GGUFFile.TensorDescription
    let store: WeightStore
}

extension TransformerWeights {
    /// Bytes of all matrices that a decoding step reads.
    package var bytesPerToken: Int {
        layers.reduce(output.byteCount) { sum, layer in
            [layer.query, layer.key, layer.value, layer.attentionOutput, layer.gate, layer.up, layer.down]
                .reduce(sum) { $0 + $1.byteCount }
        }
    }

    /// Whether all matrices are stored in float32.
    package var isExact: Bool {
        layers.allSatisfy { $0.query.mapped.type == .float32 && $0.down.mapped.type == .float32 }
    }
}

/// A linear layer `W x + b`; `weight` is `[in, out]`.
struct LinearWeights: Sendable {
    let weight: Tensor
    /// `weight` as it lies in the file: kernels for the transposed product don't know the layouts of other devices.
    let mapped: Tensor
    /// `weight` in the layout of the kernels for all lanes, where there is one.
    var panels: WeightPanels.Matrix?
    var bias: Tensor?

    /// Bytes that a product reads.
    var byteCount: Int { panels?.byteCount ?? weight.byteCount }
}

extension TransformerWeights {
    /// Checks that the file has every tensor the model needs, of the right shape and of a type that can be used.
    static func check(_ file: GGUFFile, _ configuration: ModelConfiguration, parts: Architecture.Parts) throws {
        try TensorPlan(configuration, parts, file: file).check()
    }

    /// Finds and places all weights, which ``check(_:_:parts:)`` has found to be right.
    /// - Parameters:
    ///   - layerDevices: for each layer the graphics processor that holds it, nil for the CPU.
    ///   - outputDevice: likewise for the output matrix.
    init(
        _ file: GGUFFile, _ configuration: ModelConfiguration, parts: Architecture.Parts, devices: [Device],
        layerDevices: [Int?], outputDevice: Int?, repacked: Bool, progress: ((Double) -> Void)?
    ) throws {
        let plan = TensorPlan(configuration, parts, file: file)
        let uses = plan.uses(layerDevices: layerDevices, outputDevice: outputDevice)
        let store = try WeightStore(file, uses, devices: devices, repacked: repacked, progress: progress)

        func tensor(_ name: String, _ use: WeightStore.Use) throws -> Tensor {
            guard let tensor = store[name, use] else { throw plan.missing(name) }
            return tensor
        }
        self.store = store
        embedding = try tensor("token_embd.weight", .lookup)
        outputNorm = try tensor("output_norm.weight", .vector(onGPU: outputDevice))
        output = LinearWeights(
            weight: try tensor(plan.outputName, .matrix(onGPU: outputDevice)),
            mapped: try tensor(plan.outputName, .lookup), panels: store.panels(plan.outputName))
        guard let outputRows = file.tensors[plan.outputName] else { throw plan.missing(plan.outputName) }
        self.outputRows = outputRows
        layers = try (0..<configuration.layerCount).map { index in
            let device = layerDevices[index]
            func vector(_ role: String) throws -> Tensor { try tensor("blk.\(index).\(role)", .vector(onGPU: device)) }
            func linear(_ role: String) throws -> LinearWeights {
                LinearWeights(
                    weight: try tensor("blk.\(index).\(role).weight", .matrix(onGPU: device)),
                    mapped: try tensor("blk.\(index).\(role).weight", .lookup),
                    panels: store.panels("blk.\(index).\(role).weight"),
                    bias: store["blk.\(index).\(role).bias", .vector(onGPU: device)])
            }
            let normsHeads = parts.contains(.queryKeyNorm)
            let sandwiched = parts.contains(.sandwichNorm)
            return Layer(
                attentionNorm: try vector("attn_norm.weight"),
                query: try linear("attn_q"), key: try linear("attn_k"), value: try linear("attn_v"),
                attentionOutput: try linear("attn_output"),
                queryNorm: normsHeads ? try vector("attn_q_norm.weight") : nil,
                keyNorm: normsHeads ? try vector("attn_k_norm.weight") : nil,
                postAttentionNorm: sandwiched ? try vector("post_attention_norm.weight") : nil,
                feedForwardNorm: try vector("ffn_norm.weight"),
                gate: try linear("ffn_gate"), up: try linear("ffn_up"), down: try linear("ffn_down"),
                postFeedForwardNorm: sandwiched ? try vector("post_ffw_norm.weight") : nil,
                ropeFactors: parts.contains(.ropeFactors) ? store["rope_freqs.weight", .vector(onGPU: device)] : nil)
        }
    }
}

/// Which tensors a model has, with their shapes, and what they are used for.
private struct TensorPlan {
    /// One tensor; `isMatrix` tells weights, which may be quantised, from vectors.
    struct Requirement {
        var name: String
        var shape: [Int]
        var isMatrix: Bool
        var isOptional = false
        /// The layer that uses the tensor; nil for those of the whole model.
        var layer: Int?
    }

    let configuration: ModelConfiguration
    let parts: Architecture.Parts
    let file: GGUFFile

    init(_ configuration: ModelConfiguration, _ parts: Architecture.Parts, file: GGUFFile) {
        self.configuration = configuration
        self.parts = parts
        self.file = file
    }

    /// Models that share embedding and output matrix ("tied") have no tensor of this name of their own.
    var outputName: String { file.tensors["output.weight"] == nil ? "token_embd.weight" : "output.weight" }

    private var queryWidth: Int { configuration.headCount * configuration.headWidth }
    private var keyWidth: Int { configuration.keyValueHeadCount * configuration.headWidth }

    /// Matrices of a layer: role, input width, output width.
    private var matrices: [(role: String, shape: [Int])] {
        let (hidden, feedForward) = (configuration.embeddingLength, configuration.feedForwardLength)
        return [
            ("attn_q", [hidden, queryWidth]), ("attn_k", [hidden, keyWidth]), ("attn_v", [hidden, keyWidth]),
            ("attn_output", [queryWidth, hidden]), ("ffn_gate", [hidden, feedForward]),
            ("ffn_up", [hidden, feedForward]),
            ("ffn_down", [feedForward, hidden]),
        ]
    }

    private var vectors: [(role: String, shape: [Int])] {
        var vectors = [
            ("attn_norm.weight", [configuration.embeddingLength]), ("ffn_norm.weight", [configuration.embeddingLength]),
        ]
        if parts.contains(.queryKeyNorm) {
            vectors += [
                ("attn_q_norm.weight", [configuration.headWidth]), ("attn_k_norm.weight", [configuration.headWidth]),
            ]
        }
        if parts.contains(.sandwichNorm) {
            vectors += ["post_attention_norm.weight", "post_ffw_norm.weight"].map {
                ($0, [configuration.embeddingLength])
            }
        }
        if parts.contains(.projectionBias) {
            vectors += [("attn_q.bias", [queryWidth]), ("attn_k.bias", [keyWidth]), ("attn_v.bias", [keyWidth])]
        }
        return vectors
    }

    /// Every tensor that the model may have. What isn't here isn't used, so a file that holds more is refused.
    private var requirements: [Requirement] {
        let table = [configuration.embeddingLength, configuration.vocabularySize]
        var all = [
            Requirement(name: "token_embd.weight", shape: table, isMatrix: true),
            Requirement(name: "output.weight", shape: table, isMatrix: true, isOptional: true),
            Requirement(name: "output_norm.weight", shape: [configuration.embeddingLength], isMatrix: false),
        ]
        if parts.contains(.ropeFactors) {
            let shape = [configuration.attention[0].rope.dimensions / 2]
            all.append(.init(name: "rope_freqs.weight", shape: shape, isMatrix: false, isOptional: true))
        }
        for layer in 0..<configuration.layerCount {
            all += matrices.map {
                .init(name: "blk.\(layer).\($0.role).weight", shape: $0.shape, isMatrix: true, layer: layer)
            }
            all += vectors.map {
                .init(name: "blk.\(layer).\($0.role)", shape: $0.shape, isMatrix: false, layer: layer)
            }
        }
        return all
    }

    func check() throws {
        let requirements = requirements
        for requirement in requirements { try check(requirement) }
        let known = Set(requirements.map(\.name))
        guard let stranger = file.tensors.keys.filter({ !known.contains($0) }).min() else { return }
        throw TensorGraphError.invalidFile(
            path: file.path, field: "tensor \(stranger)",
            problem:
                "a \(configuration.architecture) model with \(UnsupportedPart.description(ofTensor: stranger, layerCount: configuration.layerCount))",
            remedy: "Such models are not supported: without this tensor the model would be computed wrongly.")
    }

    private func check(_ requirement: Requirement) throws {
        guard let tensor = file.tensors[requirement.name] else {
            if requirement.isOptional { return }
            throw missing(requirement.name)
        }
        let expected = requirement.shape + Array(repeating: 1, count: 4 - requirement.shape.count)
        guard tensor.shape == expected else {
            throw TensorGraphError.invalidFile(
                path: file.path, field: "tensor \(tensor.name)",
                problem: "its shape is \(tensor.shape), expected \(expected)",
                remedy: "The tensors do not fit the metadata; convert the model again.")
        }
        guard requirement.isMatrix ? tensor.type.isUsableAsWeight : tensor.type == .float32 else {
            throw TensorGraphError.invalidFile(
                path: file.path, field: "tensor \(tensor.name)", problem: "its type is \(tensor.type)",
                remedy: requirement.isMatrix
                    ? "Quantise the model to another type." : "Norms and biases must be f32; convert the model again.")
        }
    }

    func missing(_ name: String) -> TensorGraphError {
        .invalidFile(
            path: file.path, field: "tensor \(name)", problem: "is missing",
            remedy: "The file is incomplete; download or convert it again.")
    }

    func uses(layerDevices: [Int?], outputDevice: Int?) -> [(name: String, use: WeightStore.Use)] {
        requirements.flatMap { requirement -> [(String, WeightStore.Use)] in
            let name = requirement.name
            switch (name, requirement.layer) {
            case ("token_embd.weight", _), ("output.weight", _):
                return name == outputName ? [(name, .matrix(onGPU: outputDevice)), (name, .lookup)] : [(name, .lookup)]
            case ("rope_freqs.weight", _): return Set(layerDevices).map { (name, .vector(onGPU: $0)) }
            case (_, let layer?) where requirement.isMatrix:
                return [(name, .matrix(onGPU: layerDevices[layer])), (name, .lookup)]
            case (_, let layer): return [(name, .vector(onGPU: layer.map { layerDevices[$0] } ?? outputDevice))]
            }
        }
    }
}
