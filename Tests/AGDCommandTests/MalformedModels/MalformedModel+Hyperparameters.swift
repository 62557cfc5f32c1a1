/// Numbers that no model has, or that contradict each other.
extension MalformedModel {
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
}
