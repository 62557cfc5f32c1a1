/// Parts of models that are recognised by their tensors or keys but can't be computed, so that an error can name them.
enum UnsupportedPart {
    /// What the model with a tensor of this name has, for which there is no place here.
    static func description(ofTensor name: String, layerCount: Int) -> String {
        if let layer = layer(of: name), layer >= layerCount { return "a layer beyond its \(layerCount) (block_count)" }
        return description(of: name) ?? "a tensor of a kind that isn't known here"
    }

    /// What a key or tensor of this name stands for, where it is known.
    static func description(of name: String) -> String? {
        descriptions.first { description in description.signs.contains { name.contains($0) } }?.text
    }

    private static func layer(of name: String) -> Int? {
        let parts = name.split(separator: ".", maxSplits: 2)
        return parts.count == 3 && parts[0] == "blk" ? Int(parts[1]) : nil
    }

    /// The first that fits is taken.
    private static let descriptions: [(signs: [String], text: String)] = [
        ([".lora_a", ".lora_b"], "a LoRA adapter"),
        (["nextn", "mtp"], "layers that predict several tokens"),
        (["exp", "gate_inp", "moe"], "a mixture of experts"),
        (["v.", "mm.", "vision"], "an encoder of images"),
        ([".input_scale", ".scale", "_scale"], "scales beside its matrices, as of NVFP4"),
        (["per_layer", ".inp_gate"], "embeddings of tokens for each layer"),
        (["shared_kv_layers"], "layers that attend over the keys and values of an earlier one"),
        (["attn_norm_2"], "a second norm before attention"),
        (["softcap"], "soft-capped logits"),
        (["sinks"], "attention sinks"),
        (["attn_qkv"], "queries, keys and values in one matrix"),
        (["attn_q_norm", "attn_k_norm"], "norms of queries and keys"),
        (["post_attention_norm", "post_ffw_norm"], "norms after attention and feed-forward networks"),
        (["rope"], "other positions than plain rotary ones"),
        (["sliding_window"], "sliding windows"),
        (["ssm"], "a state-space layer"),
        (["cls"], "an output for classes instead of tokens"),
        (["clamp"], "clamped activations"),
        ([".bias"], "this bias"),
    ]
}
