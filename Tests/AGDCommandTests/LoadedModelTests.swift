import Foundation
import Testing

@testable import TestFixtures

@Suite("What a model file says besides is obeyed, or it doesn't matter")
struct LoadedModelTests {
    /// The entropies along a greedy continuation, which tell the least difference between two computations.
    private func entropies(_ model: GGUFWriter) async throws -> [Double] {
        let file = try TemporaryFile(model.serialized().file, name: "model.gguf")
        let result = try await Command.run([
            "generate", "-m", file.path, "--prompt-tokens", "5,80,7,200,9,33,12", "-n", "8", "-t", "1", "--strategy",
            "greedy", "--ignore-eos", "--json",
        ])
        try #require(result.status == 0, "\(result.standardError)")
        let object = try JSONSerialization.jsonObject(with: Data(result.standardOutput.utf8)) as? [String: Any]
        let steps = try #require(object?["steps"] as? [[String: Any]])
        return steps.compactMap { $0["entropy"] as? Double }
    }

    @Test(
        "Keys that llama.cpp writes for what a model doesn't have change nothing",
        arguments: ["llama", "qwen2", "qwen3", "gemma3"])
    func unset(architecture: String) async throws {
        let plain = GGUFWriter.model(architecture)
        var saved = plain
        for key in [
            "expert_count", "expert_used_count", "leading_dense_block_count", "attention.q_lora_rank",
            "ssm.conv_kernel",
            "attention.sliding_window", "attention.indexer.top_k", "expert_gating_func", "rope.dimension_count_swa",
        ] { saved["\(architecture).\(key)"] = .uint32(0) }
        for (key, value) in [
            ("attention.scale", 0), ("rope.scaling.factor", 0), ("rope.scaling.attn_factor", 1), ("logit_scale", 0),
            ("rope.scaling.yarn_ext_factor", -1), ("rope.scaling.yarn_beta_fast", 32), ("expert_group_scale", 0.05),
            ("attn_logit_softcapping", 50), ("router_logit_softcapping", 30), ("attention.layer_norm_epsilon", 1e-5),
            ("final_logit_softcapping", architecture == "gemma3" ? 0 : 30),
        ] as [(String, Float)] { saved["\(architecture).\(key)"] = .float32(value) }
        saved["\(architecture).attention.causal"] = .bool(true)
        saved["\(architecture).attention.key_length_swa"] = .uint32(8)
        saved["\(architecture).rope.scaling.type"] = .string("linear")
        saved["\(architecture).rope.dimension_sections"] = .int32s([0, 0, 0, 0])
        saved["\(architecture).swiglu_clamp_exp"] = .float32s([0, 0])
        saved["\(architecture).vocab_size"] = .uint32(260)
        #expect(try await entropies(saved) == entropies(plain))
    }

    @Test("A factor without a type scales positions linearly, and a type 'none' scales nothing")
    func ropeScaling() async throws {
        let plain = GGUFWriter.model()
        func scaled(_ changes: (String, GGUFWriter.Value)...) async throws -> [Double] {
            var model = plain
            for (key, value) in changes { model["llama.rope.\(key)"] = value }
            return try await entropies(model)
        }
        let linear = try await scaled(("scaling.type", .string("linear")), ("scaling.factor", .float32(64)))
        #expect(try await linear != entropies(plain))
        #expect(try await scaled(("scaling.factor", .float32(64))) == linear)
        #expect(try await scaled(("scale_linear", .float32(64))) == linear)
        #expect(
            try await scaled(("scale_linear", .float32(64)), ("scaling.factor", .float32(0))) == entropies(plain))
        #expect(
            try await scaled(("scaling.type", .string("none")), ("scaling.factor", .float32(64))) == entropies(plain)
        )
    }

    @Test("Sliding-window layers may be listed one by one")
    func slidingWindowList() async throws {
        var period = GGUFWriter.model("gemma3")
        period["gemma3.attention.sliding_window"] = .uint32(2)
        period["gemma3.attention.sliding_window_pattern"] = .uint32(2)
        var list = period
        list["gemma3.attention.sliding_window_pattern"] = .uint32s([1, 0])
        #expect(try await entropies(list) == entropies(period))
        var other = period
        other["gemma3.attention.sliding_window_pattern"] = .uint32s([0, 0])
        #expect(try await entropies(other) != entropies(period))
    }

    @Test("A token that the file suppresses is never chosen, by whatever strategy")
    func suppressed() async throws {
        let plain = GGUFWriter.model()
        func chosen(_ model: GGUFWriter, _ options: [String]) async throws -> [Int] {
            let file = try TemporaryFile(model.serialized().file, name: "model.gguf")
            let result = try await Command.run(
                [
                    "generate", "-m", file.path, "--prompt-tokens", "5,80,7", "-n", "6", "-t", "1", "--ignore-eos",
                    "--json",
                ]
                    + options)
            let object = try JSONSerialization.jsonObject(with: Data(result.standardOutput.utf8)) as? [String: Any]
            return try #require(object?["completion_tokens"] as? [Int], "\(result.standardError)")
        }
        for options in [
            ["--strategy", "greedy"], ["--strategy", "dola"],
            ["--strategy", "sample", "--temp", "5", "--top-k", "0", "--top-p", "1", "--min-p", "0", "-s", "1"],
            ["--roi", "tokens:1", "--entropy-threshold", "off", "--min-probability", "0"],
            ["--roi", "tokens:1", "--strategy", "cad"],
        ] {
            let unwanted = Set(try await chosen(plain, options))
            var model = plain
            model["tokenizer.ggml.suppress_tokens"] = .int32s(unwanted.map(Int32.init) + [-1, 4_000_000])
            let others = try await chosen(model, options)
            #expect(others.count == 6 && unwanted.isDisjoint(with: others), "\(options): \(others)")
        }
    }

    @Test("How a file recommends to draw tokens is told, where something else is done")
    func recommendedSampling() async throws {
        var model = GGUFWriter.model()
        model["general.sampling.temp"] = .float32(0.6)
        model["general.sampling.top_k"] = .int32(20)
        let file = try TemporaryFile(model.serialized().file, name: "model.gguf")
        #expect(try await Command.run(["info", file.path]).standardOutput.contains("temp 0.6, top_k 20"))
        func note(_ options: [String]) async throws -> String {
            try await Command.run(
                ["generate", "-m", file.path, "--prompt-tokens", "5", "-n", "1", "-t", "1"] + options
            ).standardError
        }
        #expect(try await note(["--strategy", "sample"]).contains("recommends temp 0.6, top_k 20"))
        #expect(try await note(["--strategy", "sample", "--temp", "0.6"]).contains("recommends top_k 20"))
        #expect(try await !note(["--strategy", "sample", "--temp", "0.6", "--top-k", "20"]).contains("recommends"))
        #expect(try await !note(["--strategy", "greedy"]).contains("recommends"))
    }

    @Test("A file's own template for tools is taken where there are tools")
    func toolTemplate() async throws {
        var model = GGUFWriter.model()
        model["tokenizer.chat_template"] = .string("{{ messages[0].content }} plain")
        model["tokenizer.chat_template.tool_use"] = .string("{{ messages[0].content }} {{ tools | tojson }}")
        let file = try TemporaryFile(model.serialized().file, name: "model.gguf")
        let tools = try TemporaryFile(#"[{"type": "function", "function": {"name": "clock"}}]"#, name: "tools.json")
        func shown(_ options: [String]) async throws -> String {
            let result = try await Command.run(
                ["generate", "-m", file.path, "-t", "1", "-n", "0", "--user", "Hi", "--show-roi"] + options)
            return result.standardError.replacing("|", with: "")
        }
        #expect(try await shown([]).contains("Hi plain"))
        #expect(try await shown(["--tools", tools.path]).contains("clock"))
        #expect(try await Command.run(["info", file.path]).standardOutput.contains("tools"))
    }

    @Test("What isn't used doesn't stop a model")
    func unused() async throws {
        let plain = GGUFWriter.model()
        let changes: [(String, GGUFWriter.Value)] = [
            ("general.name", .text([0x4D, 0xFF, 0xFE, 0x21])), ("general.type", .string("model")),
            ("general.sampling.temp", .float32(.nan)), ("tokenizer.ggml.bos_token_id", .uint32(.max)),
            ("tokenizer.ggml.eot_token_id", .uint32(.max)), ("tokenizer.ggml.padding_token_id", .uint32(4_000_000)),
            ("tokenizer.chat_template.tool_use", .string("{{ x }}")), ("tokenizer.chat_template.rag", .text([0xFF])),
            ("tokenizer.chat_templates", .strings(["tool_use", "rag"])), ("llama.vision.block_count", .uint32(27)),
            ("someone.elses.key", .raw(type: 9, [6, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])),
        ]
        for (key, value) in changes {
            var model = plain
            model[key] = value
            #expect(try await entropies(model) == entropies(plain), "\(key)")
        }
    }
}
