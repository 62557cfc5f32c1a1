import TensorGraph

/// Which tensors of a file a model is made of, found and checked: what isn't here isn't used, so a file that holds more is
/// refused.
package struct WeightPlan {
    /// A tensor with its use. Its name is that of its role, which may be a part of a tensor in the file.
    struct Entry {
        enum Kind { case matrix, experts, vector, table }

        var tensor: GGUFFile.TensorDescription
        var kind: Kind
        /// The layer that uses the tensor; nil for those of the whole model.
        var layer: Int?
    }

    package let file: GGUFFile
    let configuration: ModelConfiguration
    private(set) var entries: [String: Entry] = [:]
    /// Names of the file's tensors that are used, or known to have no effect.
    private var known: Set<String> = []
    /// See ``Architecture/ignored``.
    private let ignored: Set<String>

    init(_ file: GGUFFile, _ configuration: ModelConfiguration, _ architecture: Architecture) throws {
        self.file = file
        self.configuration = configuration
        ignored = architecture.ignored
        let width = configuration.embeddingLength
        let table = [width, configuration.vocabularySize]
        try require("token_embd.weight", [table], .table)
        // Models that share embedding and output matrix ("tied") have no tensor of this name.
        if file.tensors["output.weight"] != nil { try matrix("output", table, layer: nil) }
        try norm("output_norm", [[width]], architecture.norm, layer: nil)
        if architecture.hasRopeFactors {
            for name in ["rope_freqs.weight", "rope_factors_long.weight", "rope_factors_short.weight"] {
                let dimensions = configuration.attention.first(where: \.usesRopeFactors)?.rope?.dimensions ?? 0
                try find(name, [[dimensions / 2]], .vector)
            }
        }
        if let length = configuration.perLayerEmbeddingLength { try addPerLayerEmbeddings(length) }
        for layer in 0..<configuration.layerCount {
            try addNorms(layer, architecture)
            try addAttention(layer, architecture)
            if architecture.hasOutputScales {
                try find("blk.\(layer).layer_output_scale.weight", [[1]], .vector, layer: layer)
            }
            try addFeedForward(layer, architecture)
        }
        try refuseStrangers()
    }

    var outputName: String { entries["output.weight"] == nil ? "token_embd.weight" : "output.weight" }

    private mutating func addPerLayerEmbeddings(_ length: Int) throws {
        let (width, all) = (configuration.embeddingLength, length * configuration.layerCount)
        try require("per_layer_token_embd.weight", [[all, configuration.vocabularySize]], .table)
        try matrix("per_layer_model_proj", [width, all], layer: nil, isScaled: false)
        try norm("per_layer_proj_norm", [[length]], .rms, layer: nil)
        for layer in 0..<configuration.layerCount {
            let prefix = "blk.\(layer)."
            try matrix("\(prefix)inp_gate", [width, length], layer: layer, isScaled: false)
            try matrix("\(prefix)proj", [length, width], layer: layer, isScaled: false)
            try norm("\(prefix)post_norm", [[width]], .rms, layer: layer)
        }
    }

    private mutating func addNorms(_ layer: Int, _ architecture: Architecture) throws {
        let shape = configuration.attention[layer]
        for role in LayerNorm.allCases where architecture.norms.contains(role) {
            var shapes = [[configuration.embeddingLength]]
            switch role {
            case .query, .key:
                if shape.deltaNet != nil || role == .key && shape.keyValueLayer != nil { continue }
                let (width, heads) = (
                    shape.headWidth, role == .query ? shape.headCount : shape.keyValueHeadCount
                )
                shapes = [[width], [width, heads], [width * heads]]
            case .attention, .postAttention: if shape.headCount == 0 { continue }
            case .feedForward, .postFeedForward: if configuration.feedForwardLengths[layer] == 0 { continue }
            case .value: continue
            }
            let name = "blk.\(layer).\(architecture.normNames[role] ?? role.rawValue)"
            if architecture.optionalNorms.contains(role), file.tensors["\(name).weight"] == nil { continue }
            try norm(name, shapes, architecture.norm, as: "blk.\(layer).\(role.rawValue)", layer: layer)
        }
    }

    private mutating func addAttention(_ layer: Int, _ architecture: Architecture) throws {
        let (width, shape) = (configuration.embeddingLength, configuration.attention[layer])
        if let net = shape.deltaNet { return try addDeltaNet(layer, net, architecture) }
        guard shape.keyValueHeadCount > 0 else {
            // As in llama.cpp without a bias and a scale.
            known.formUnion(["bias", "scale", "input_scale"].map { "blk.\(layer).attn_output.\($0)" })
            guard shape.headCount > 0 else { return }
            return try require("blk.\(layer).attn_output.weight", [[width, width]], .matrix, layer: layer)
        }
        if let latent = configuration.latentAttention { return try addAttention(layer, latent, shape.headCount) }
        let (queries, keys) = (shape.headCount * shape.headWidth, shape.keyValueHeadCount * shape.headWidth)
        var parts = [
            ("attn_q", architecture.gatesAttention ? 2 * queries : queries), ("attn_k", keys), ("attn_v", keys),
        ]
        if architecture.sharesKeysAsValues, file.tensors["blk.\(layer).attn_v.weight"] == nil,
            file.tensors["blk.\(layer).attn_qkv.weight"] == nil
        {
            parts.removeLast()
        }
        if shape.keyValueLayer != nil {
            // What a file has of them is left aside, as in llama.cpp.
            if file.tensors["blk.\(layer).attn_qkv.weight"] == nil { parts.removeLast(parts.count - 1) }
            for name in ["attn_k", "attn_v", "attn_k_norm"] {
                known.formUnion(["weight", "bias", "scale", "input_scale"].map { "blk.\(layer).\(name).\($0)" })
            }
        }
        try matrices(parts, in: width, from: "attn_qkv", layer: layer)
        try matrix("blk.\(layer).attn_output", [queries, width], layer: layer)
        if architecture.hasAttentionSinks {
            try require("blk.\(layer).attn_sinks.weight", [[shape.headCount]], .vector, layer: layer)
        }
    }

    private mutating func addDeltaNet(_ layer: Int, _ net: DeltaNet, _ architecture: Architecture) throws {
        let (prefix, width, heads) = ("blk.\(layer).", configuration.embeddingLength, net.valueHeadCount)
        let isScaled = architecture.scalesDeltaNet
        try matrix("\(prefix)attn_qkv", [width, net.channelCount], layer: layer, isScaled: isScaled)
        try matrix("\(prefix)attn_gate", [width, net.outputWidth], layer: layer, isScaled: isScaled)
        try matrix("\(prefix)ssm_out", [net.outputWidth, width], layer: layer, isScaled: isScaled)
        if file.tensors["\(prefix)ssm_ba.weight"] == nil {
            try matrix("\(prefix)ssm_alpha", [width, heads], layer: layer, isScaled: isScaled)
            try matrix("\(prefix)ssm_beta", [width, heads], layer: layer, isScaled: isScaled)
        } else {
            try matrix("\(prefix)ssm_ba", [width, 2 * heads], layer: layer, isScaled: isScaled)
        }
        try require(
            "\(prefix)ssm_conv1d.weight", [[net.convolutionLength, net.channelCount]], .vector, layer: layer)
        try require("\(prefix)ssm_a", [[heads]], .vector, layer: layer)
        try require("\(prefix)ssm_dt.bias", [[heads]], .vector, layer: layer)
        try norm("\(prefix)ssm_norm", [[net.headWidth]], .rms, layer: layer)
        // Queries, keys, values and gates in one matrix, which llama.cpp leaves aside where there are two.
        known.formUnion(["weight", "scale", "input_scale"].map { "\(prefix)ssm_in.\($0)" })
    }

    private mutating func addAttention(_ layer: Int, _ latent: LatentAttention, _ headCount: Int) throws {
        let (prefix, width, queries) = ("blk.\(layer).", configuration.embeddingLength, headCount * latent.keyWidth)
        if let rank = latent.queryRank {
            try matrix("\(prefix)attn_q_a", [width, rank], layer: layer, isScaled: false)
            try norm("\(prefix)attn_q_a_norm", [[rank]], .rms, layer: layer)
            try matrix("\(prefix)attn_q_b", [rank, queries], layer: layer, isScaled: false)
        } else {
            try matrix("\(prefix)attn_q", [width, queries], layer: layer, isScaled: false)
        }
        try matrix("\(prefix)attn_kv_a_mqa", [width, latent.rank + latent.rotatedWidth], layer: layer, isScaled: false)
        try norm("\(prefix)attn_kv_a_norm", [[latent.rank]], .rms, layer: layer)
        try require(
            "\(prefix)attn_k_b.weight", [[latent.keyWidth - latent.rotatedWidth, latent.rank, headCount]], .experts,
            layer: layer)
        try require(
            "\(prefix)attn_v_b.weight", [[latent.rank, latent.valueWidth, headCount]], .experts, layer: layer)
        try matrix("\(prefix)attn_output", [headCount * latent.valueWidth, width], layer: layer)
    }

    private mutating func addFeedForward(_ layer: Int, _ architecture: Architecture) throws {
        let width = configuration.embeddingLength
        let experts = configuration.experts.flatMap { $0.layers.contains(layer) ? $0 : nil }
        if experts == nil || experts?.isBesideDense == true {
            let (length, isScaled) = (configuration.feedForwardLengths[layer], architecture.scalesFeedForward)
            if length == 0 { return }
            if architecture.isGated {
                try matrices(
                    [("ffn_gate", length), ("ffn_up", length)], in: width, from: "ffn_up", layer: layer,
                    isScaled: isScaled)
            } else {
                try matrix("blk.\(layer).ffn_up", [width, length], layer: layer, isScaled: isScaled)
            }
            try matrix("blk.\(layer).ffn_down", [length, width], layer: layer, isScaled: isScaled)
        }
        if let experts { try addExperts(layer, experts, architecture) }
    }

    private mutating func addExperts(
        _ layer: Int, _ experts: ExpertConfiguration, _ architecture: Architecture
    ) throws {
        let width = configuration.embeddingLength
        let (count, length) = (experts.count, experts.feedForwardLength)
        try matrix("blk.\(layer).ffn_gate_inp", [width, count], layer: layer, isScaled: !experts.isBesideDense)
        try find("blk.\(layer).exp_probs_b.bias", [[count]], .vector, layer: layer)
        if experts.isBesideDense {
            for name in ["post_ffw_norm_1", "pre_ffw_norm_2", "post_ffw_norm_2"] {
                try norm("blk.\(layer).\(name)", [[width]], .rms, layer: layer)
            }
            try require(
                "blk.\(layer).ffn_gate_inp.scale", [[width]], .vector, as: "blk.\(layer).router_norm.weight",
                layer: layer)
        }
        let isFused = experts.mayBeFused && file.tensors["blk.\(layer).ffn_gate_up_exps.weight"] != nil
        let gates =
            isFused ? [("gate_up", [width, 2 * length])] : [("gate", [width, length]), ("up", [width, length])]
        for (role, shape) in gates + [("down", [length, width])] {
            let name = "blk.\(layer).ffn_\(role)_exps"
            try require("\(name).weight", [shape + [count]], .experts, layer: layer)
            try find("\(name).bias", [[shape[1], count]], .vector, layer: layer)
            if architecture.scalesExperts { try find("\(name).scale", [[count]], .vector, layer: layer) }
            known.formUnion(["scale", "input_scale"].map { "\(name).\($0)" })
        }
        guard let shared = experts.sharedFeedForwardLength else { return }
        try matrix(
            "blk.\(layer).ffn_gate_shexp", [width, shared], layer: layer, isScaled: architecture.scalesSharedExpert)
        try matrix(
            "blk.\(layer).ffn_up_shexp", [width, shared], layer: layer, isScaled: architecture.scalesSharedExpert)
        try matrix(
            "blk.\(layer).ffn_down_shexp", [shared, width], layer: layer, isScaled: architecture.scalesSharedExpert)
        if experts.weighsSharedExpert { try matrix("blk.\(layer).ffn_gate_inp_shexp", [width, 1], layer: layer) }
    }

    // MARK: Tensors

    /// Several matrices for one input, each a tensor of its own or all one above the other in the tensor `fused`.
    private mutating func matrices(
        _ parts: [(role: String, out: Int)], in width: Int, from fused: String, layer: Int, isScaled: Bool = true
    ) throws {
        let (prefix, total) = ("blk.\(layer).", parts.reduce(0) { $0 + $1.out })
        guard let tensor = file.tensors["\(prefix)\(fused).weight"], tensor.shape == [width, total, 1, 1] else {
            for part in parts { try matrix(prefix + part.role, [width, part.out], layer: layer, isScaled: isScaled) }
            return
        }
        known.formUnion(["weight", "bias", "input_scale"].map { "\(prefix)\(fused).\($0)" })
        let bias = try checked("\(prefix)\(fused).bias", [[total]], .vector)
        let scale = try checked("\(prefix)\(fused).scale", [[1]], .vector).flatMap { isScaled ? $0 : nil }
        var start = 0
        for part in parts {
            let (name, rows) = (prefix + part.role, start..<start + part.out)
            try check(tensor, [[width, total]], .matrix)
            entries["\(name).weight"] = Entry(
                tensor: tensor.rows(rows, name: "\(name).weight"), kind: .matrix, layer: layer)
            if let bias {
                entries["\(name).bias"] = Entry(
                    tensor: bias.elements(rows, name: "\(name).bias"), kind: .vector, layer: layer)
            } else {
                try find("\(name).bias", [[part.out]], .vector, layer: layer)
            }
            if let scale { entries["\(name).scale"] = Entry(tensor: scale, kind: .vector, layer: layer) }
            start += part.out
        }
    }

    /// `[in, out]`, with a bias and a scale where the file has them.
    private mutating func matrix(_ name: String, _ shape: [Int], layer: Int?, isScaled: Bool = true) throws {
        try require("\(name).weight", [shape], .matrix, layer: layer)
        try find("\(name).bias", [[shape[1]]], .vector, layer: layer)
        if isScaled { try find("\(name).scale", [[1]], .vector, layer: layer) } else { known.insert("\(name).scale") }
        // What llama.cpp reads for products of NVFP4 on graphics processors alone.
        known.insert("\(name).input_scale")
    }

    private mutating func norm(
        _ name: String, _ shapes: [[Int]], _ kind: NormWeights.Kind, as role: String? = nil, layer: Int?
    ) throws {
        try require("\(name).weight", shapes, .vector, as: role.map { "\($0).weight" }, layer: layer)
        if kind == .layer { try find("\(name).bias", shapes, .vector, as: role.map { "\($0).bias" }, layer: layer) }
    }

    private mutating func require(
        _ name: String, _ shapes: [[Int]], _ kind: Entry.Kind, as role: String? = nil, layer: Int? = nil
    ) throws {
        guard try find(name, shapes, kind, as: role, layer: layer) else { throw missing(name) }
    }

    @discardableResult private mutating func find(
        _ name: String, _ shapes: [[Int]], _ kind: Entry.Kind, as role: String? = nil, layer: Int? = nil
    ) throws -> Bool {
        guard let tensor = try checked(name, shapes, kind) else { return false }
        entries[role ?? name] = Entry(tensor: tensor, kind: kind, layer: layer)
        return true
    }

    private mutating func checked(
        _ name: String, _ shapes: [[Int]], _ kind: Entry.Kind
    ) throws -> GGUFFile.TensorDescription? {
        guard let tensor = file.tensors[name] else { return nil }
        known.insert(name)
        if ignored.contains(where: { name.hasPrefix("blk.") && name.hasSuffix(".\($0)") }) { return nil }
        try check(tensor, shapes, kind)
        return tensor
    }

    // MARK: Checks

    private func check(_ tensor: GGUFFile.TensorDescription, _ shapes: [[Int]], _ kind: Entry.Kind) throws {
        let expected = shapes.map { $0 + Array(repeating: 1, count: 4 - $0.count) }
        guard expected.contains(tensor.shape) else {
            let list = expected.map { "\($0)" }.joined(separator: " or ")
            throw invalid(
                tensor.name, "its shape is \(tensor.shape), expected \(list)",
                remedy: "The tensors do not fit the metadata; convert the model again.")
        }
        guard kind == .vector ? tensor.type == .float32 : tensor.type.isUsableAsWeight else {
            throw invalid(
                tensor.name, "its type is \(tensor.type)",
                remedy: kind == .vector
                    ? "Norms and biases must be f32; convert the model again." : "Quantise the model to another type.")
        }
    }

    private func refuseStrangers() throws {
        let strangers = file.tensors.keys.filter { name in
            !known.contains(name) && !configuration.predictingLayers.contains { name.hasPrefix("blk.\($0).") }
        }
        guard let stranger = strangers.min() else { return }
        let part = UnsupportedPart.description(ofTensor: stranger, layerCount: configuration.layerCount)
        throw invalid(
            stranger, "a \(configuration.architecture) model with \(part)",
            remedy: "Such models are not supported: without this tensor the model would be computed wrongly.")
    }

    func missing(_ name: String) -> TensorGraphError {
        invalid(name, "is missing", remedy: "The file is incomplete; download or convert it again.")
    }

    private func invalid(_ name: String, _ problem: String, remedy: String) -> TensorGraphError {
        .invalidFile(path: file.path, field: "tensor \(name)", problem: problem, remedy: remedy)
    }
}
