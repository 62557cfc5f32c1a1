import TensorGraph

extension MetadataReader {
    /// Refuses the file if it says something about the model that nothing here has read.
    ///
    /// Call it when everything has been read. All keys that begin with the architecture's name describe the computation: a
    /// scaling of positions, a cap on logits, a mixture of experts. One that nobody asked for passes only where it is known
    /// that its value changes nothing, because llama.cpp doesn't read it for the logits either, or because it is what
    /// llama.cpp writes for "not set".
    func checkUnreadKeys() throws {
        let prefix = architecture + "."
        for key in metadata.keys.sorted() where key.hasPrefix(prefix) && !readKeys.contains(key) {
            let name = String(key.dropFirst(prefix.count))
            guard let value = metadata[key], !changesNothing(name, value) else { continue }
            let meaning = UnsupportedPart.description(of: name) ?? "what it changes isn't known here"
            throw invalid(
                key, "is \(value.summary): \(meaning)",
                remedy: "Such \(architecture) models are not supported: without it the model would be computed wrongly."
            )
        }
    }

    private func changesNothing(_ name: String, _ value: GGUFMetadata.Value) -> Bool {
        if Self.withoutEffect.contains(name) || Self.otherParts.contains(where: name.hasPrefix) { return true }
        let unset = Self.unset[name] ?? 0
        return switch value {
        case .integer(let integer): Double(integer) == unset
        case .float(let float): float == unset
        case .bool(let bool): bool == (unset != 0)
        case .string(let string): string.isEmpty || string == "none"
        case .integers(let integers): integers.allSatisfy { Double($0) == unset }
        case .floats(let floats): floats.allSatisfy { $0 == unset }
        case .bools(let bools): bools.allSatisfy { $0 == (unset != 0) }
        case .strings(let strings): strings.isEmpty
        case .malformedText, .malformedTexts: false
        }
    }

    /// Keys without an effect on the logits of a family that doesn't ask for them: descriptions, the epsilons of norms that
    /// the family doesn't have, what concerns encoders, and the length before a scaling that isn't done.
    private static let withoutEffect: Set = [
        "vocab_size", "tensor_data_layout", "decoder_start_token_id", "attention.layer_norm_epsilon",
        "attention.group_norm_epsilon", "rope.scaling.finetuned", "rope.scaling.original_context_length",
    ]

    /// Parts beside the text model, which have tensors of their own that are refused where they are there.
    private static let otherParts = ["vision.", "audio.", "mm."]

    /// What llama.cpp writes for a key that isn't set, where it isn't 0 (`llama_hparams`' defaults).
    private static let unset: [String: Double] = [
        "attention.causal": 1, "attention.indexer.kpool_select_tail": 1, "attention.rope_pattern": 1,
        "attn_logit_softcapping": 50, "router_logit_softcapping": 30, "final_logit_softcapping": 30,
        "deepstack_mapping": -1, "expert_group_scale": 0.05, "kda.gate_lower_bound": -.infinity,
        "rope.freq_base_swa": 10_000, "rope.scaling.attn_factor": 1, "rope.scaling.yarn_attn_factor": 1,
        "rope.scaling.yarn_beta_fast": 32, "rope.scaling.yarn_beta_slow": 1, "rope.scaling.yarn_ext_factor": -1,
        "activation.situ_beta": 1, "token_shift_count": 2,
    ].mapValues { Double(Float($0)) }
}
