import TensorGraph

extension TransformerWeights {
    /// Places all weights that `plan` has found.
    /// - Parameters:
    ///   - layerDevices: for each layer the graphics processor that holds it, nil for the CPU.
    ///   - outputDevice: likewise for the output matrix.
    init(
        _ plan: WeightPlan, devices: [Device], layerDevices: [Int?], outputDevice: Int?, repacked: Bool,
        progress: ((Double) -> Void)?
    ) throws {
        let uses = plan.uses(layerDevices: layerDevices, outputDevice: outputDevice)
        let store = try WeightStore(plan.file, uses, devices: devices, repacked: repacked, progress: progress)
        let model = LoadedTensors(plan: plan, store: store, prefix: "", device: outputDevice)
        self.store = store
        embedding = try model.tensor("token_embd.weight", .lookup)
        outputNorm = try model.norm("output_norm") ?? NormWeights()
        output = try model.linear(plan.outputName == "output.weight" ? "output" : "token_embd")
        guard let outputRows = plan.entries[plan.outputName]?.tensor else { throw plan.missing(plan.outputName) }
        self.outputRows = outputRows
        func loaded(on layerDevices: [Int?]) throws -> [Layer] {
            try layerDevices.enumerated().map { index, device in
                try LoadedTensors(plan: plan, store: store, prefix: "blk.\(index).", device: device)
                    .layer(plan.configuration.attention[index])
            }
        }
        layers = try loaded(on: layerDevices)
        layersOnCPU = devices.isEmpty ? self.layers : try loaded(on: layerDevices.map { _ in nil })
        let host = LoadedTensors(plan: plan, store: store, prefix: "", device: nil)
        outputNormOnCPU = try host.norm("output_norm") ?? NormWeights()
        perLayerEmbeddings = try plan.entries["per_layer_token_embd.weight"].map { table in
            PerLayerEmbeddings(
                table: try host.tensor("per_layer_token_embd.weight", .lookup), rows: table.tensor,
                projection: try host.linear("per_layer_model_proj"),
                norm: try host.norm("per_layer_proj_norm") ?? NormWeights())
        }
    }
}

extension WeightPlan {
    /// Where each tensor is used. Experts' matrices on the CPU stay in the file's layout: few of them are read in a step.
    fileprivate func uses(
        layerDevices: [Int?], outputDevice: Int?
    ) -> [(name: String, tensor: GGUFFile.TensorDescription, use: WeightStore.Use)] {
        entries.sorted { $0.key < $1.key }.flatMap {
            name, entry -> [(String, GGUFFile.TensorDescription, WeightStore.Use)] in
            let isInput = name.hasPrefix("per_layer_")
            let device = isInput ? nil : entry.layer.map { layerDevices[$0] } ?? outputDevice
            var uses: [WeightStore.Use]
            switch entry.kind {
            case .table: uses = [.lookup]
            case .matrix: uses = [.matrix(onGPU: device), .lookup]
            case .experts: uses = device == nil ? [.lookup] : [.matrix(onGPU: device), .lookup]
            case .vector: uses = device == nil ? [.vector(onGPU: nil)] : [.vector(onGPU: device), .vector(onGPU: nil)]
            }
            if name == outputName, entry.kind == .table { uses.append(.matrix(onGPU: outputDevice)) }
            if name.hasPrefix("rope_") { uses = Set(layerDevices + [nil]).map { .vector(onGPU: $0) } }
            return uses.map { (name, entry.tensor, $0) }
        }
    }
}

/// The tensors of a layer, or of the whole model, by their roles.
private struct LoadedTensors {
    let plan: WeightPlan
    let store: WeightStore
    let prefix: String
    let device: Int?

    func tensor(_ role: String, _ use: WeightStore.Use) throws -> Tensor {
        guard let tensor = store[prefix + role, use] else { throw plan.missing(prefix + role) }
        return tensor
    }

    func vector(_ role: String) -> Tensor? { store[prefix + role, .vector(onGPU: device)] }

    func linear(_ role: String) throws -> LinearWeights {
        let mapped = try tensor("\(role).weight", .lookup)
        return LinearWeights(
            weight: store["\(prefix)\(role).weight", .matrix(onGPU: device)] ?? mapped, mapped: mapped,
            panels: store.panels("\(prefix)\(role).weight"), bias: vector("\(role).bias"),
            scale: vector("\(role).scale"), scalesBias: role.hasPrefix("ffn_"))
    }

    /// Nil where the layer has no such matrix.
    func optionalLinear(_ role: String) throws -> LinearWeights? {
        plan.entries["\(prefix)\(role).weight"] == nil ? nil : try linear(role)
    }

    func norm(_ role: String) throws -> NormWeights? {
        vector("\(role).weight").map { NormWeights(gain: $0, bias: vector("\(role).bias")) }
    }

    func norm(_ role: LayerNorm) throws -> NormWeights? { try norm(role.rawValue) }

    func layer(_ shape: ModelConfiguration.LayerAttention) throws -> TransformerWeights.Layer {
        TransformerWeights.Layer(
            attentionNorm: try norm(.attention), postAttentionNorm: try norm(.postAttention),
            feedForwardNorm: try norm(.feedForward), postFeedForwardNorm: try norm(.postFeedForward),
            attention: try attention(shape), feedForward: try feedForward(),
            ropeFactors: shape.usesRopeFactors ? ropeFactors() : nil, perLayerInput: try perLayerInput(),
            outputScale: vector("layer_output_scale.weight")?.readFloats().first ?? 1)
    }

    private func perLayerInput() throws -> PerLayerInput? {
        guard let gate = try optionalLinear("inp_gate") else { return nil }
        return PerLayerInput(gate: gate, projection: try linear("proj"), norm: try norm("post_norm") ?? NormWeights())
    }

    private func attention(_ shape: ModelConfiguration.LayerAttention) throws -> AttentionWeights? {
        if shape.headCount == 0 { return nil }
        if shape.deltaNet != nil { return .deltaNet(try deltaNetWeights()) }
        if shape.keyValueHeadCount == 0 { return .linear(try linear("attn_output")) }
        if plan.configuration.latentAttention != nil { return .latent(try latentWeights()) }
        func headNorm(_ role: LayerNorm) throws -> NormWeights? {
            shape.gainlessNorms.contains(role) ? NormWeights() : try norm(role)
        }
        return .heads(
            HeadWeights(
                query: try linear("attn_q"), key: shape.keyValueLayer == nil ? try linear("attn_k") : nil,
                value: shape.keyValueLayer == nil ? try optionalLinear("attn_v") : nil,
                output: try linear("attn_output"), queryNorm: try headNorm(.query), keyNorm: try headNorm(.key),
                valueNorm: try headNorm(.value), sinks: vector("attn_sinks.weight")))
    }

    private func deltaNetWeights() throws -> DeltaNetWeights {
        func own(_ name: String) throws -> Tensor { try tensor(name, .vector(onGPU: nil)) }
        let decay = try optionalLinear("ssm_alpha")
        return DeltaNetWeights(
            mixed: try linear("attn_qkv"), convolution: try own("ssm_conv1d.weight"), decay: decay,
            step: try linear(decay == nil ? "ssm_ba" : "ssm_beta"), decayRate: try own("ssm_a"),
            decayBias: try own("ssm_dt.bias"), norm: try norm("ssm_norm") ?? NormWeights(),
            gate: try linear("attn_gate"), output: try linear("ssm_out"))
    }

    private func latentWeights() throws -> LatentWeights {
        let queryDown = try optionalLinear("attn_q_a")
        return LatentWeights(
            queryDown: queryDown, queryNorm: try norm("attn_q_a_norm"),
            query: try linear(queryDown == nil ? "attn_q" : "attn_q_b"), keyValueDown: try linear("attn_kv_a_mqa"),
            keyValueNorm: try norm("attn_kv_a_norm") ?? NormWeights(), key: try linear("attn_k_b"),
            value: try linear("attn_v_b"), output: try linear("attn_output"))
    }

    private func feedForward() throws -> FeedForward? {
        guard let router = try optionalLinear("ffn_gate_inp") else {
            return plan.entries["\(prefix)ffn_up.weight"] == nil ? nil : .dense(try network(""))
        }
        let experts = ExpertWeights(
            router: router, selectionBias: vector("exp_probs_b.bias"), experts: try network("_exps"),
            shared: plan.entries["\(prefix)ffn_up_shexp.weight"] == nil ? nil : try network("_shexp"),
            sharedRouter: try optionalLinear("ffn_gate_inp_shexp"))
        guard plan.configuration.experts?.isBesideDense == true else { return .experts(experts) }
        return .denseAndExperts(
            DenseAndExperts(
                dense: try network(""), experts: experts, denseNorm: try norm("post_ffw_norm_1") ?? NormWeights(),
                expertInputNorm: try norm("pre_ffw_norm_2") ?? NormWeights(),
                expertNorm: try norm("post_ffw_norm_2") ?? NormWeights(),
                routerNorm: NormWeights(gain: try tensor("router_norm.weight", .vector(onGPU: device)))))
    }

    private func network(_ suffix: String) throws -> FeedForwardWeights {
        let fused = try optionalLinear("ffn_gate_up\(suffix)")
        return FeedForwardWeights(
            gate: try optionalLinear("ffn_gate\(suffix)"), up: try fused ?? linear("ffn_up\(suffix)"),
            down: try linear("ffn_down\(suffix)"), isFused: fused != nil)
    }

    private func ropeFactors() -> RopeFactors? {
        func table(_ name: String) -> Tensor? { store["\(name).weight", .vector(onGPU: device)] }
        if let factors = table("rope_freqs") { return RopeFactors(short: factors, long: factors) }
        let factors = RopeFactors(short: table("rope_factors_short"), long: table("rope_factors_long"))
        return factors.short == nil && factors.long == nil ? nil : factors
    }
}
