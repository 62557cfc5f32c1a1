import Foundation
import Testing

@testable import TestFixtures

/// A way to break a model file, and what the error must name besides the file.
struct MalformedModel: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let mentions: [String]
    let architecture: String
    let vocabulary: GGUFWriter.Vocabulary
    let damage: @Sendable (inout GGUFWriter) -> Void

    init(
        _ description: String, _ mentions: String..., architecture: String = "llama",
        vocabulary: GGUFWriter.Vocabulary = .bytePairEncoding, damage: @escaping @Sendable (inout GGUFWriter) -> Void
    ) {
        testDescription = description
        self.mentions = mentions
        self.architecture = architecture
        self.vocabulary = vocabulary
        self.damage = damage
    }

    func file() throws -> TemporaryFile {
        var writer = GGUFWriter.model(architecture, vocabulary)
        damage(&writer)
        return try TemporaryFile(writer.serialized().file, name: "model.gguf")
    }

    static let structure: [MalformedModel] = [
        .init("wrong magic", "header", "magic") { $0.magic = "GGML" },
        .init("version 0", "header", "version") { $0.version = 0 },
        .init("version 1", "header", "v1") { $0.version = 1 },
        .init("a version from the future", "header", "version") { $0.version = 4 },
        .init("the other byte order", "header", "endian") { $0.version = 0x0300_0000 },
        .init("2^62 tensors", "header", "tensors") { $0.claimedTensorCount = 1 << 62 },
        .init("a negative number of tensors", "header", "tensors") { $0.claimedTensorCount = .max },
        .init("2^40 tensors", "header", "tensor") { $0.claimedTensorCount = 1 << 40 },
        .init("2^62 metadata pairs", "header", "key") { $0.claimedMetadataCount = 1 << 62 },
        .init("a negative number of metadata pairs", "header", "key") { $0.claimedMetadataCount = .max },
        .init("2^40 metadata pairs", "header") { $0.claimedMetadataCount = 1 << 40 },
        .init("fewer metadata pairs than claimed", "header") { $0.claimedMetadataCount = 100 },
        .init("no metadata", "general.architecture", "missing") { $0.metadata = [] },
        .init("an empty key", "header", "empty") { $0.metadata.append(("", .uint32(1))) },
        .init("a key twice", "header", "duplicate", "llama.block_count") {
            $0.metadata.append(("llama.block_count", .uint32(2)))
        },
        .init("a key twice, once with a NUL behind it", "header", "llama.block_count", "NUL") {
            $0.metadata.append(("llama.block_count\0", .uint32(3)))
        },
        .init("tokens that hide behind a NUL", "header", "tokenizer.ggml.tokens", "NUL") {
            $0.metadata.insert(("tokenizer.ggml.tokens\0x", .strings(["a", "a"])), at: 0)
        },
        .init("a tensor with a NUL in its name", "header", "output_norm.weight", "NUL") {
            $0.tensors[3].name = "output_norm.weight\0"
        },
        .init("a key that begins with a NUL", "header", "NUL") { $0.metadata.append(("\0", .uint32(3))) },
        .init("more tensors than are read in reasonable time", "header", "20005 tensors", "16384") { file in
            file.tensors += (0..<20_005 - file.tensors.count).map {
                .init(name: "blk.\($0).x.weight", shape: [8], data: Array(repeating: 0, count: 32))
            }
        },
        .init("more keys than are read in reasonable time", "header", "keys", "16384") { file in
            file.metadata += (0..<20_000).map { ("x.\($0)", .uint32(0)) }
        },
        .init("an array of 70 MB", "header", "x.y", "MiB") {
            $0["x.y"] = .raw(type: 9, [0, 0, 0, 0] + length(70 << 20) + Array(repeating: 1, count: 70 << 20))
        },
        .init("a text of 70 MB", "header", "general.description", "MiB") {
            $0["general.description"] = .text(Array(repeating: 0x61, count: 70 << 20))
        },
        .init("an adapter", "general.type", "LoRA adapter") { $0["general.type"] = .string("adapter") },
        .init("an encoder of images", "general.type", "encoder of images") {
            $0["general.type"] = .string("mmproj")
        },
        .init("a vocabulary", "tensors", "vocabulary without weights") { $0.tensors = [] },
        .init("neither weights nor a vocabulary", "tensors", "has none") { file in
            file.tensors = []
            file.metadata.removeAll { $0.key.hasPrefix("tokenizer.") }
        },
        .init("an unknown metadata type", "header", "x.y", "type") { $0["x.y"] = .raw(type: 99, [1, 2, 3, 4]) },
        .init("an array of arrays", "header", "x.y", "type") { $0["x.y"] = .raw(type: 9, [9, 0, 0, 0] + length(1)) },
        .init("an array with 2^60 elements", "header") { $0["x.y"] = .raw(type: 9, [4, 0, 0, 0] + length(1 << 60)) },
        .init("an array with 2^29 strings", "header") { $0["x.y"] = .raw(type: 9, [8, 0, 0, 0] + length(1 << 29)) },
        .init("a string of 2^40 bytes", "header", "length") { $0["x.y"] = .raw(type: 8, length(1 << 40)) },
        .init("alignment 0", "header", "alignment") { $0["general.alignment"] = .uint32(0) },
        .init("alignment 3", "header", "alignment") { $0["general.alignment"] = .uint32(3) },
        .init("alignment 2^31", "header") { $0["general.alignment"] = .uint32(1 << 31) },
        .init("alignment as a string", "header", "alignment") { $0["general.alignment"] = .string("32") },
        .init("alignment other than the data's", "header", "offset") { $0["general.alignment"] = .uint32(4096) },
        .init("a part of a split model", "split.count", "merge") { $0["split.count"] = .raw(type: 2, [3, 0]) },

        .init("a tensor twice", "header", "duplicate", "output_norm.weight") { $0.tensors.append($0.tensors[1]) },
        .init("a tensor with a long name", "header", "too long") {
            $0.tensors[3].name = String(repeating: "n", count: 64)
        },
        .init("five dimensions", "header", "dimensions") { $0.tensors[3].shape = [2, 2, 2, 2, 2] },
        .init("2^31 dimensions", "header", "dimensions") {
            $0.tensors[3].type = 1; $0.tensors[3].shape = Array(repeating: 1, count: 300)
        },
        .init("a negative extent", "header", "< 0") { $0.tensors[3].shape[1] = .max },
        .init("an empty tensor", "tensor", "elements") { file in
            file.change("output_norm.weight") {
                $0.shape = [0]; $0.data = []
            }
        },
        .init("extents whose product overflows", "header", "overflow") { $0.tensors[3].shape = [1 << 40, 1 << 40] },
        .init("a tensor of 2^63 bytes", "output_norm.weight", "end of the file") { file in
            file.tensors.append(file.tensors.remove(at: 1))
            file.change("output_norm.weight") { $0.shape = [1 << 61] }
        },
        .init("an embedding of 2^63 bytes", "token_embd.weight", "end of the file") { file in
            file.tensors.append(file.tensors.remove(at: 0))
            file.change("token_embd.weight") { $0.shape = [16, 1 << 57] }
        },
        .init("an unknown tensor type", "header", "type") { $0.tensors[3].type = 99 },
        .init("a negative tensor type", "header", "type") { $0.tensors[3].type = .max },
        .init("a tensor type that ggml has given up", "header", "block size") { $0.tensors[3].type = 4 },
        .init("a repacked tensor type", "header") { $0.tensors[3].type = 31 },
        .init("a row that is no whole number of blocks", "header", "block size") { $0.tensors[3].type = 12 },
        .init("a tensor at an odd offset", "header", "offset") { $0.tensors[3].claimedOffset = 17 },
        .init("two tensors in one place", "header", "offset") { $0.tensors[3].claimedOffset = 0 },
        .init("a tensor at 2^63", "header", "offset") { $0.tensors[3].claimedOffset = 1 << 63 },
        .init("a gap between tensors", "header", "offset") { $0.tensors[3].claimedOffset = 1 << 20 },
        .init("data that isn't there", "tensor", "end of the file") { $0.tensors[$0.tensors.count - 1].data = [] },
    ]

    static let hyperparameters: [MalformedModel] =
        [
            "context_length", "embedding_length", "block_count", "feed_forward_length", "attention.head_count",
            "attention.layer_norm_rms_epsilon",
        ].flatMap { key in
            [
                .init("no \(key)", "llama.\(key)", "missing") { $0["llama.\(key)"] = nil },
                .init("\(key) 0", "llama.\(key)", "is 0", "expected") {
                    $0["llama.\(key)"] = key.contains("epsilon") ? .float32(0) : .uint32(0)
                },
                .init("\(key) -1", "llama.\(key)", "is -1", "expected") {
                    $0["llama.\(key)"] = key.contains("epsilon") ? .float32(-1) : .int32(-1)
                },
                .init("\(key) 2^31", "llama.\(key)", "is 2147483648", "expected") {
                    $0["llama.\(key)"] = .uint32(1 << 31)
                },
                .init("\(key) 2^64 - 1", "llama.\(key)", "expected") { $0["llama.\(key)"] = .uint64(.max) },
                .init("\(key) as a string", "llama.\(key)", "is a string", "expected") {
                    $0["llama.\(key)"] = .string("2")
                },
                .init("\(key) as a bool", "llama.\(key)", "is a bool", "expected") { $0["llama.\(key)"] = .bool(true) },
                .init("\(key) as strings", "llama.\(key)", "array", "expected") {
                    $0["llama.\(key)"] = .strings(["2", "2"])
                },
            ]
        } + [
            .init("no architecture", "general.architecture", "missing") { $0["general.architecture"] = nil },
            .init("the architecture as a number", "general.architecture", "string") {
                $0["general.architecture"] = .uint32(1)
            },
            .init("the architecture as bad text", "general.architecture", "string") {
                $0["general.architecture"] = .text([0xFF])
            },
            .init("another architecture", "general.architecture", "mamba", "Supported") {
                $0["general.architecture"] = .string("mamba")
            },
            .init("a name that is a number", "general.name", "string") { $0["general.name"] = .uint32(1) },
            .init("heads that differ from layer to layer", "llama.attention.head_count", "layer") {
                $0["llama.attention.head_count"] = .uint32s([2, 1])
            },
            .init("key heads that don't divide the heads", "llama.attention.head_count_kv", "divide") {
                $0["llama.attention.head_count"] = .uint32(3)
                $0["llama.attention.head_count_kv"] = .uint32(2)
                $0["llama.attention.key_length"] = .uint32(8)
            },
            .init("no key heads", "llama.attention.head_count_kv", "is 0") {
                $0["llama.attention.head_count_kv"] = .uint32(0)
            },
            .init("an empty array of key heads", "llama.attention.head_count_kv") {
                $0["llama.attention.head_count_kv"] = .uint32s([])
            },
            .init("heads that don't divide the width", "llama.attention.key_length", "missing") {
                $0["llama.attention.head_count"] = .uint32(3)
            },
            .init("keys 0 wide", "llama.attention.key_length", "is 0") {
                $0["llama.attention.key_length"] = .uint32(0)
            },
            .init("keys of odd width", "llama.attention.key_length", "even") {
                $0["llama.attention.key_length"] = .uint32(7)
            },
            .init("values as wide as nothing else", "llama.attention.value_length") {
                $0["llama.attention.value_length"] = .uint32(4)
            },
            .init("more heads than width", "llama.attention.key_length") {
                $0["llama.attention.head_count"] = .uint32(64)
            },
            .init("epsilon NaN", "layer_norm_rms_epsilon", "nan") {
                $0["llama.attention.layer_norm_rms_epsilon"] = .float32(.nan)
            },
            .init("epsilon infinite", "layer_norm_rms_epsilon", "inf") {
                $0["llama.attention.layer_norm_rms_epsilon"] = .float64(.infinity)
            },
            .init("rope base 0", "llama.rope.freq_base", "is 0") { $0["llama.rope.freq_base"] = .float32(0) },
            .init("rope base NaN", "llama.rope.freq_base", "nan") { $0["llama.rope.freq_base"] = .float32(.nan) },
            .init("rope base as a string", "llama.rope.freq_base", "string") {
                $0["llama.rope.freq_base"] = .string("1e4")
            },
            .init("an odd number of rotated elements", "llama.rope.dimension_count", "even") {
                $0["llama.rope.dimension_count"] = .uint32(3)
            },
            .init("more rotated elements than a head has", "llama.rope.dimension_count", "head width") {
                $0["llama.rope.dimension_count"] = .uint32(10)
            },
            .init("rope scaling that isn't supported", "llama.rope.scaling.type", "ntk", "Supported") {
                $0["llama.rope.scaling.type"] = .string("ntk")
            },
            .init("rope scaling as a number", "llama.rope.scaling.type", "string") {
                $0["llama.rope.scaling.type"] = .uint32(1)
            },
            .init("linear scaling by a negative factor", "llama.rope.scaling.factor", "is -2") {
                $0["llama.rope.scaling.factor"] = .float32(-2)
            },
            .init("attention scale NaN", "llama.attention.scale", "nan") {
                $0["llama.attention.scale"] = .float32(.nan)
            },
            .init("experts, but not how many are chosen", "llama.expert_used_count", "missing") {
                $0["llama.expert_count"] = .uint32(8)
            },
            .init("more experts chosen than there are", "llama.expert_used_count", "expected 1 to 8") {
                $0["llama.expert_count"] = .uint32(8)
                $0["llama.expert_used_count"] = .uint32(9)
            },
            .init("experts by metadata alone", "blk.0.ffn_gate_inp.weight", "missing") {
                $0["llama.expert_count"] = .uint32(8)
                $0["llama.expert_used_count"] = .uint32(2)
            },
            .init("a sliding window as a string", "gemma3.attention.sliding_window", architecture: "gemma3") {
                $0["gemma3.attention.sliding_window"] = .string("512")
            },
            .init(
                "soft-capping at a negative number", "gemma3.final_logit_softcapping", "is -30", architecture: "gemma3"
            ) {
                $0["gemma3.final_logit_softcapping"] = .float32(-30)
            },
        ]

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

    static let tokenizers: [MalformedModel] = [
        .init("an unknown kind of tokenizer", "tokenizer.ggml.model", "bert", "Supported") {
            $0["tokenizer.ggml.model"] = .string("bert")
        },
        .init("the kind of tokenizer as a number", "tokenizer.ggml.model", "string") {
            $0["tokenizer.ggml.model"] = .uint32(1)
        },
        .init("no tokens", "tokenizer.ggml.tokens", "missing") { $0["tokenizer.ggml.tokens"] = nil },
        .init("an empty vocabulary", "tokenizer.ggml.tokens", "empty") { $0["tokenizer.ggml.tokens"] = .strings([]) },
        .init("tokens that are numbers", "tokenizer.ggml.tokens", "integers") {
            $0["tokenizer.ggml.tokens"] = .int32s([1, 2])
        },
        .init("one string for all tokens", "tokenizer.ggml.tokens", "string") {
            $0["tokenizer.ggml.tokens"] = .string("a b")
        },
        .init("more tokens than embeddings", "tokenizer.ggml.tokens", "261", "260") {
            $0.changeTokens { $0.append("more") }
        },
        .init("a token twice", "tokenizer.ggml.tokens", "same text", "5", "6") { $0.changeTokens { $0[6] = $0[5] } },
        .init("a token with the name that stands for an empty one", "tokenizer.ggml.tokens", "[EMPTY_5]") {
            $0.changeTokens {
                $0[5] = ""; $0[6] = "[EMPTY_5]"
            }
        },
        .init("tokens that are no text", "tokenizer.ggml.tokens", "UTF-8") {
            $0["tokenizer.ggml.tokens"] = .texts((0..<260).map { [0xFF, UInt8($0 & 0xFF)] })
        },
        .init("too few scores", "tokenizer.ggml.scores", "260", vocabulary: .sentencePiece) {
            $0["tokenizer.ggml.scores"] = .float32s([0])
        },
        .init("scores that are integers", "tokenizer.ggml.scores", "f32", vocabulary: .sentencePiece) {
            $0["tokenizer.ggml.scores"] = .int32s(Array(repeating: 0, count: 260))
        },
        .init("scores that are no numbers", "tokenizer.ggml.scores", "token 7", vocabulary: .sentencePiece) {
            $0["tokenizer.ggml.scores"] = .float32s((0..<260).map { $0 == 7 ? .nan : 0 })
        },
        .init("a score for everything", "tokenizer.ggml.scores", "float", vocabulary: .sentencePiece) {
            $0["tokenizer.ggml.scores"] = .float32(1)
        },
        .init("too few token types", "tokenizer.ggml.token_type", "3") {
            $0["tokenizer.ggml.token_type"] = .int32s([1, 1, 1])
        },
        .init("token types of the wrong type", "tokenizer.ggml.token_type", "u32", "i32") {
            $0["tokenizer.ggml.token_type"] = .uint32s(Array(repeating: 1, count: 260))
        },
        .init(
            "a byte token that names no byte", "tokenizer.ggml.tokens", "token 0", "<0x0A>", vocabulary: .sentencePiece
        ) {
            $0["tokenizer.ggml.token_type"] = .int32s(Array(repeating: 6, count: 260))
        },
        .init("a byte without a token", "tokenizer.ggml.tokens", "<0x41>", vocabulary: .sentencePiece) {
            $0.changeTokens { $0[4 + 0x41] = "something" }
            $0["tokenizer.ggml.token_type"] = nil
        },
        .init("a byte without a token, for Gemma 4", "tokenizer.ggml.tokens", "<0x41>", vocabulary: .gemma4) {
            $0.changeTokens { $0[4 + 0x41] = "something" }
            $0["tokenizer.ggml.token_type"] = nil
        },
        .init("BOS outside the vocabulary", "tokenizer.ggml.bos_token_id", "260") {
            $0["tokenizer.ggml.bos_token_id"] = .uint32(260)
        },
        .init("EOS as a string", "tokenizer.ggml.eos_token_id", "integer") {
            $0["tokenizer.ggml.eos_token_id"] = .string("</s>")
        },
        .init("a negative end of turn", "tokenizer.ggml.eot_token_id", "-2") {
            $0["tokenizer.ggml.eot_token_id"] = .int32(-2)
        },
        .init("BOS added to every prompt, and none of that name", "tokenizer.ggml.bos_token_id", "none") {
            $0["tokenizer.ggml.bos_token_id"] = .uint32(.max)
            $0["tokenizer.ggml.add_bos_token"] = .bool(true)
        },
        .init("a pre-tokenizer that ends libllama's process", "tokenizer.ggml.pre", "whitespace", "not supported") {
            $0["tokenizer.ggml.pre"] = .string("whitespace")
        },
        .init("padding as a string", "padding_token_id") { $0["tokenizer.ggml.padding_token_id"] = .string("<pad>") },
        .init("BOS wanted but not named", "tokenizer.ggml.bos_token_id", "missing") { file in
            file["tokenizer.ggml.bos_token_id"] = nil
            file["tokenizer.ggml.add_bos_token"] = .bool(true)
            file.changeTokens { $0 = Array($0.prefix(10)) }
            file["tokenizer.ggml.token_type"] = nil
        },
        .init("suppressed tokens as text", "suppress_tokens") {
            $0["tokenizer.ggml.suppress_tokens"] = .strings(["a"])
        },
        .init("every token suppressed", "tokenizer.ggml.suppress_tokens", "every token") {
            $0["tokenizer.ggml.suppress_tokens"] = .int32s(Array(0..<260))
        },
        .init("a template for tools that is a number", "tokenizer.chat_template.tool_use", "string") {
            $0["tokenizer.chat_template.tool_use"] = .uint32(1)
        },
        .init("the wish for BOS as a string", "add_bos_token") { $0["tokenizer.ggml.add_bos_token"] = .string("yes") },
        .init("the space prefix as a number", "tokenizer.ggml.add_space_prefix", "bool", vocabulary: .sentencePiece) {
            $0["tokenizer.ggml.add_space_prefix"] = .uint32(1)
        },
        .init("an unknown pre-tokenizer", "tokenizer", "pre-tokenizer", "'mine'") {
            $0["tokenizer.ggml.pre"] = .string("mine")
        },
        .init("the pre-tokenizer as a number", "tokenizer.ggml.pre") { $0["tokenizer.ggml.pre"] = .uint32(1) },
        .init("no merges", "tokenizer.ggml.merges", "missing") { $0["tokenizer.ggml.merges"] = nil },
        .init("merges that are numbers", "tokenizer.ggml.merges", "integers") {
            $0["tokenizer.ggml.merges"] = .int32s([1])
        },
        .init("a merge of one part", "tokenizer.ggml.merges", "'ab'") {
            $0["tokenizer.ggml.merges"] = .strings(["ab"])
        },
        .init("a merge of three parts", "tokenizer.ggml.merges", "'a b c'") {
            $0["tokenizer.ggml.merges"] = .strings(["a b c"])
        },
        .init("an empty merge", "tokenizer.ggml.merges", "merge 0") { $0["tokenizer.ggml.merges"] = .strings([""]) },
        .init("a merge that is no text", "tokenizer.ggml.merges", "UTF-8") {
            $0["tokenizer.ggml.merges"] = .texts([[0xC3, 0x20, 0x28]])
        },
        .init("a chat template that is a number", "tokenizer.chat_template", "string") {
            $0["tokenizer.chat_template"] = .uint32(1)
        },
        .init("a chat template that is no text", "tokenizer.chat_template", "UTF-8") {
            $0["tokenizer.chat_template"] = .text([0xFF, 0xFE])
        },
        .init("chat templates in an array", "tokenizer.chat_template", "array") {
            $0["tokenizer.chat_template"] = .strings(["a"])
        },
    ]

    private static func length(_ count: UInt64) -> [UInt8] { withUnsafeBytes(of: count.littleEndian, Array.init) }
}

extension GGUFWriter {
    mutating func changeTokens(_ body: (inout [String]) -> Void) {
        guard case .strings(var tokens)? = self["tokenizer.ggml.tokens"] else { return }
        body(&tokens)
        self["tokenizer.ggml.tokens"] = .strings(tokens)
    }
}
