/// Tensors that are missing, of the wrong shape or type, or too many.
extension MalformedModel {
    static let tensors: [MalformedModel] =
        [
            "token_embd.weight", "output_norm.weight", "blk.0.attn_norm.weight", "blk.0.attn_q.weight",
            "blk.1.attn_output.weight",
            "blk.1.ffn_down.weight",
        ].map { name in .init("no \(name)", "tensor \(name)", "missing") { $0.remove(name) } } + [
            .init("no head norm", "blk.1.attn_k_norm.weight", "missing", architecture: "qwen3") {
                $0.remove("blk.1.attn_k_norm.weight")
            },
            .init("no second norm", "blk.0.post_ffw_norm.weight", "missing", architecture: "gemma3") {
                $0.remove("blk.0.post_ffw_norm.weight")
            },
            .init("more layers than tensors", "blk.2.attn_norm.weight", "missing") {
                $0["llama.block_count"] = .uint32(3)
            },
            .init("another embedding length", "token_embd.weight", "shape", "[16, 260, 1, 1]") {
                $0["llama.embedding_length"] = .uint32(32)
            },
            .init("a flat embedding", "token_embd.weight") { file in
                file.change("token_embd.weight") { $0.shape = [4160] }
            },
            .init("a transposed matrix", "blk.0.ffn_up.weight", "shape") { file in
                file.change("blk.0.ffn_up.weight") { $0.shape.reverse() }
            },
            .init("an output matrix for other tokens", "output.weight", "shape") { file in
                file.tensors.append(
                    .init(name: "output.weight", shape: [16, 8], data: Array(repeating: 0, count: 512)))
            },
            .init("a long norm", "output_norm.weight", "shape") { file in
                file.change("output_norm.weight") {
                    $0.shape = [32]; $0.data += $0.data
                }
            },
            .init("a norm in f16", "blk.0.attn_norm.weight", "f16", "f32") { file in
                file.change("blk.0.attn_norm.weight") {
                    $0.type = 1; $0.data.removeLast(32)
                }
            },
            .init("weights that are integers", "blk.0.attn_q.weight", "i32") {
                $0.change("blk.0.attn_q.weight") { $0.type = 26 }
            },
            .init("weights in a type for activations", "blk.0.ffn_up.weight", "q8_1", "Quantise") { file in
                file["llama.embedding_length"] = .uint32(32)
                for index in file.tensors.indices {
                    let data = file.tensors[index].data
                    file.tensors[index].shape = file.tensors[index].shape.map { $0 == 16 ? 32 : $0 }
                    file.tensors[index].data = data + data + data + data
                    let count = file.tensors[index].shape.reduce(1, *)
                    file.tensors[index].data = Array(file.tensors[index].data.prefix(4 * Int(count)))
                }
                file["llama.attention.key_length"] = .uint32(8)
                file.change("blk.0.attn_q.weight") {
                    $0.shape = [32, 16]; $0.data = Array(repeating: 0, count: 2048)
                }
                file.change("blk.1.attn_q.weight") {
                    $0.shape = [32, 16]; $0.data = Array(repeating: 0, count: 2048)
                }
                file.change("blk.0.attn_output.weight") {
                    $0.shape = [16, 32]; $0.data = Array(repeating: 0, count: 2048)
                }
                file.change("blk.1.attn_output.weight") {
                    $0.shape = [16, 32]; $0.data = Array(repeating: 0, count: 2048)
                }
                file.change("blk.0.ffn_up.weight") {
                    $0.type = 9; $0.data = Array(repeating: 0, count: 32 * 36)
                }
            },
            .init("rope factors for another width", "rope_freqs.weight", "shape") { file in
                file.tensors.append(.init(name: "rope_freqs.weight", shape: [16], data: Array(repeating: 0, count: 64)))
            },
        ]

    /// What a whole model has besides, and what the error must call it.
    static let strangers: [MalformedModel] =
        [
            ("blk.0.attn_norm.bias", "bias", "llama"),
            ("blk.0.attn_sinks.weight", "attention sinks", "llama"),
            ("blk.1.attn_q_norm.weight", "norms of queries and keys", "llama"),
            ("blk.2.attn_norm.weight", "beyond its 2", "llama"), ("blk.7.ffn_up.weight", "beyond its 2", "gemma3"),
            ("blk.0.ffn_gate_inp.weight", "mixture of experts", "qwen2"), ("v.blk.0.attn_q.weight", "images", "gemma3"),
            ("blk.0.nextn.eh_proj.weight", "several tokens", "llama"), ("rope_freqs.weight", "rotary", "qwen3"),
            ("cls.output.weight", "classes", "qwen3"), ("blk.0.surprise.weight", "isn't known", "llama"),
        ].map { name, meaning, architecture in
            .init("the tensor \(name)", "tensor \(name)", meaning, "not supported", architecture: architecture) {
                $0.tensors.append(.init(name: name, shape: [16], data: Array(repeating: 0, count: 64)))
            }
        }
        + [
            ("llama.rope.scaling.yarn_ext_factor", .float32(1)),
            ("llama.expert_used_count", .uint32(2)), ("llama.attn_logit_softcapping", .float32(20)),
            ("llama.attention.scale", .float32(0.5)), ("llama.attention.clamp_kqv", .float32(8)),
            ("llama.attention.causal", .bool(false)), ("llama.attention.sliding_window", .uint32(512)),
            ("llama.attention.key_length_swa", .uint32(16)), ("llama.rope.dimension_sections", .int32s([1, 1, 2, 0])),
            ("llama.swiglu_clamp_exp", .float32s([0, 7])), ("llama.activation", .string("gelu")),
            ("llama.logit_scale", .float32(0.25)), ("llama.surprise", .uint32(1)),
        ].map { (key: String, value: GGUFWriter.Value) in
            .init("the key \(key)", key, "not supported") { $0[key] = value }
        }
}
