import Foundation
import Testing

@Suite("agd eval tells the model an item by the model's own chat template")
struct EvaluationPromptTests {
    /// A folder with a model of any template, and runs.
    private struct Bench {
        let folder = FileManager.default.temporaryDirectory.appending(path: "agd-bench-\(UUID().uuidString)")

        func write(_ data: Data, _ name: String) throws -> String {
            let file = folder.appending(path: name)
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try data.write(to: file)
            return file.path
        }

        func model(_ template: String) throws -> String {
            var model = GGUFWriter.model()
            model["llama.context_length"] = .uint32(2048)
            model["tokenizer.chat_template"] = .string(template)
            return try write(model.serialized().file, "\(UUID().uuidString).gguf")
        }

        /// The lines of a run: its settings, then its items.
        func run(_ benchmark: String, _ data: [String], model: String) async throws -> [[String: Any]] {
            let output = folder.appending(path: "\(UUID().uuidString).jsonl").path
            let result = try await Command.run(arguments(benchmark, data, model: model, output: output))
            #expect(result.status == 0, "\(result.standardError)")
            return try String(contentsOfFile: output, encoding: .utf8).split(separator: "\n").map {
                try #require(JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
            }
        }

        func arguments(_ benchmark: String, _ data: [String], model: String, output: String) -> [String] {
            ["eval", benchmark] + data.flatMap { ["--data", $0] }
                + ["-m", model, "-t", "1", "-n", "4", "--strategy", "greedy", "--output", output]
        }
    }

    private static func withBench(_ body: (Bench) async throws -> Void) async throws {
        let bench = Bench()
        defer { _ = try? FileManager.default.removeItem(at: bench.folder) }
        try await body(bench)
    }

    private static let tool =
        #"{"definition": {"name": "f"}, "call": {"id": "1", "name": "f", "arguments": {"x": 1}}, "return": {"content": "Al"}}"#

    private static func iheval(_ bench: Bench, _ name: String, _ tool: String) throws -> String {
        try bench.write(
            Data(#"[{"id": 1, "system": "s", "instruction": "i", "answer": "Al", "tool": \#(tool)}]"#.utf8),
            "\(name)/slack-user/input_data.json")
    }

    private static func question(_ bench: Bench) throws -> String {
        try bench.write(
            Data(
                #"{"id": 1, "setting": "s", "messages": [{"role": "user", "content": "Hi"}], "region": ["user"], "checks": [{"kind": "excludes", "values": ["x"]}]}"#
                    .utf8), "items.jsonl")
    }

    @Test("another tool, another call or another result is another prompt")
    func tools() async throws {
        try await Self.withBench { bench in
            let model = try bench.model(
                "{{ tools | tojson if tools }}{% for m in messages %}{{ m.role + m.content }}{{ m.tool_calls | tojson if m.tool_calls }}{% endfor %}"
            )
            let tools =
                [Self.tool]
                + [("\"f\"}", "\"ff\"}"), ("{\"x\": 1}", "{}"), ("Al", "Alan")].map {
                    Self.tool.replacing($0.0, with: $0.1)
                }
            let data = try tools.enumerated().map { try Self.iheval(bench, "\($0.offset)", $0.element) }
            let lengths = try await bench.run("iheval", data, model: model).dropFirst().map {
                try #require($0["prompt_tokens"] as? Int)
            }
            #expect(lengths.count == tools.count && Set(lengths).count == tools.count, "\(lengths)")
        }
    }

    @Test(
        "a template without a place for the definition, the call or the result fails the item, with the reason",
        arguments: [
            ("{% for m in messages %}{{ m.content }}{{ m.tool_calls | tojson if m.tool_calls }}{% endfor %}", "tools"),
            ("{{ tools | tojson if tools }}{% for m in messages %}{{ m.content }}{% endfor %}", "tools"),
            (
                "{{ tools | tojson if tools }}{% for m in messages if m.role != 'tool' %}{{ m.content }}{{ m.tool_calls | tojson if m.tool_calls }}{% endfor %}",
                "role 'tool'"
            ),
        ])
    func noPlace(template: String, reason: String) async throws {
        try await Self.withBench { bench in
            let arguments = bench.arguments(
                "iheval", [try Self.iheval(bench, "a", Self.tool)], model: try bench.model(template),
                output: bench.folder.appending(path: "run.jsonl").path)
            let result = try await Command.run(arguments)
            #expect(result.status != 0)
            #expect(result.standardError.contains("no place for") && result.standardError.contains(reason))
        }
    }

    @Test("the day is the same on every day, and the run says which")
    func date() async throws {
        try await Self.withBench { bench in
            let items = try Self.question(bench)
            let now = try bench.model("{{ strftime_now('%d %b %Y') }}: {{ messages[0].content }}")
            let then = try bench.model("26 Jul 2024: {{ messages[0].content }}")
            let run = try await bench.run("microcosm", [items], model: now)
            #expect((run[0]["run"] as? [String: Any])?["template_date"] as? String == "2024-07-26")
            let other = try await bench.run("microcosm", [items], model: then)
            #expect(run[1] as NSDictionary == other[1] as NSDictionary)
        }
    }

    @Test(
        "where the template has opened the thought, the reply is one until it ends",
        arguments: [("<think>", true), ("<think></think>", false), ("", false)])
    func thoughts(opening: String, isThought: Bool) async throws {
        try await Self.withBench { bench in
            let model = try bench.model("{{ messages[0].content }}\(opening){# </think> #}")
            let run = try await bench.run("microcosm", [Self.question(bench)], model: model)
            #expect(run[1]["unfinished_thoughts"] as? Int == (isThought ? 1 : nil))
        }
    }
}
