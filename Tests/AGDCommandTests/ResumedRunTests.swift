import CLlama
import Foundation
import Testing

@testable import TestFixtures

@Suite("A run of agd eval survives whatever happens to it")
struct ResumedRunTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
    private static func arguments(_ output: String, _ more: [String] = []) -> [String] {
        [
            "eval", "microcosm", "--data", root.appending(path: "Models/microcosm-conflicts.jsonl").path, "-m",
            CommandLineTests.model, "-t", "1", "-n", "24", "--limit", "8", "--output", output, "--score", "excess",
            "--entropy-threshold", "off",
        ] + more
    }
    private static func withFolder(_ body: (String) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "agd-run-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { _ = try? FileManager.default.removeItem(atPath: folder) }
        try await body(folder)
    }
    private static func bytes(_ path: String) throws -> Data { try Data(contentsOf: URL(filePath: path)) }
    /// The ids and replies of a run file, line by line.
    private static func replies(_ path: String) throws -> [[String]] {
        try String(decoding: bytes(path), as: UTF8.self).split(separator: "\n").dropFirst().map { line in
            let sample = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
            return [try #require(sample?["doc_id"] as? String)] + (try #require(sample?["resps"] as? [String]))
        }
    }

    @Test("killed twenty times at random moments and resumed, it gives the bytes of an undisturbed run")
    func killed() async throws {
        try await Self.withFolder { folder in
            let (whole, broken) = (folder + "/whole.jsonl", folder + "/broken.jsonl")
            let began = ContinuousClock.now
            #expect(try await Command.run(Self.arguments(whole)).status == 0)
            let duration = began.duration(to: .now) / .seconds(1)

            var interruptions = 0
            for _ in 0..<20 {
                let delay = Double.random(in: 0.05...max(0.1, duration / 4))
                let result = try await Command.run(
                    Self.arguments(broken), shell: "timeout -s KILL \(delay) \"$@\"")
                if result.status != 0 { interruptions += 1 }
            }
            let last = try await Command.run(Self.arguments(broken))

            #expect(interruptions > 0)
            #expect(last.status == 0, "\(last.standardError)")
            #expect(try Self.bytes(broken) == Self.bytes(whole))
        }
    }

    @Test(
        "items decoded side by side give the replies of items decoded one by one, in the same order",
        arguments: ["agd", "greedy", "cad"])
    func parallel(strategy: String) async throws {
        try await Self.withFolder { folder in
            // In panels, whose products are the same for any number of columns.
            let model = folder + "/q8_0.gguf"
            try QuantizedModel.make(
                from: URL(filePath: CommandLineTests.model), type: GGML_TYPE_Q8_0, at: URL(filePath: model))
            var arguments = Self.arguments(folder + "/one.jsonl", ["--strategy", strategy])
                .map { $0 == CommandLineTests.model ? model : $0 }
            if strategy != "agd" {
                arguments.removeAll { ["--score", "excess", "--entropy-threshold", "off"].contains($0) }
            }
            #expect(try await Command.run(arguments).status == 0)
            let many = arguments.map { $0.replacing("one.jsonl", with: "many.jsonl") } + ["--parallel", "5"]
            for milliseconds in [300, 700] {
                _ = try await Command.run(many, shell: "timeout -s KILL 0.\(milliseconds / 100) \"$@\"")
            }
            let last = try await Command.run(many)
            #expect(last.status == 0, "\(last.standardError)")
            let replies = try Self.replies(folder + "/one.jsonl")
            #expect(!replies.isEmpty)
            #expect(try Self.replies(folder + "/many.jsonl") == replies)
        }
    }

    @Test("a line that was cut off in writing is written again")
    func cut() async throws {
        try await Self.withFolder { folder in
            let (whole, broken) = (folder + "/whole.jsonl", folder + "/broken.jsonl")
            #expect(try await Command.run(Self.arguments(whole, ["--limit", "1"])).status == 0)
            let content = try Self.bytes(whole)
            for length in [0, 10, content.count / 2, content.count - 1] {
                try content.prefix(length).write(to: URL(filePath: broken))
                #expect(try await Command.run(Self.arguments(broken, ["--limit", "1"])).status == 0)
                #expect(try Self.bytes(broken) == content)
            }
        }
    }

    @Test("a run of an earlier version, which doesn't say the template's date, is gone on with")
    func earlierVersion() async throws {
        try await Self.withFolder { folder in
            let output = folder + "/run.jsonl"
            #expect(try await Command.run(Self.arguments(output, ["--limit", "1"])).status == 0)
            let whole = try String(contentsOfFile: output, encoding: .utf8)
            let earlier = whole.replacing(#","template_date":"2024-07-26""#, with: "")
            #expect(earlier != whole)
            let lines = earlier.split(separator: "\n")
            try Data((lines.dropLast().joined(separator: "\n") + "\n").utf8).write(to: URL(filePath: output))
            #expect(try await Command.run(Self.arguments(output, ["--limit", "1"])).status == 0)
            #expect(try String(contentsOfFile: output, encoding: .utf8) == earlier)
        }
    }

    @Test("other settings are refused with their names, and the file stays as it is")
    func otherSettings() async throws {
        try await Self.withFolder { folder in
            let output = folder + "/run.jsonl"
            #expect(try await Command.run(Self.arguments(output, ["--limit", "1"])).status == 0)
            let content = try Self.bytes(output)
            for (more, name) in [
                (["--limit", "2"], "limit"), (["--limit", "1", "-n", "5"], "maximumTokens"),
                (["--limit", "1", "--candidates", "3"], "candidates"),
                (["--limit", "1", "--shard", "0/2"], "shardCount"),
            ] {
                try await Command.expectError(Self.arguments(output, more), mentions: ["run.jsonl", name, "--output"])
                #expect(try Self.bytes(output) == content)
            }
        }
    }

    @Test("a file that holds something else is left alone", arguments: ["my notes", "my notes\n", "{\"a\": 1}\n"])
    func somethingElse(_ text: String) async throws {
        try await Self.withFolder { folder in
            let output = folder + "/notes.txt"
            try Data(text.utf8).write(to: URL(filePath: output))
            try await Command.expectError(Self.arguments(output), mentions: ["notes.txt", "run"])
            #expect(try Self.bytes(output) == Data(text.utf8))
        }
    }

    @Test("shards merge into the whole, and a missing one is named")
    func shards() async throws {
        try await Self.withFolder { folder in
            let names = ["whole", "0", "1"].map { "\(folder)/\($0).jsonl" }
            for (name, shard) in zip(names, [[], ["--shard", "0/2"], ["--shard", "1/2"]]) {
                #expect(try await Command.run(Self.arguments(name, ["--limit", "3"] + shard)).status == 0)
            }
            func report(_ files: [String]) async throws -> String {
                try await Command.run(["report"] + files + ["--format", "markdown"]).standardOutput
            }
            let whole = try await report([names[0]])
            #expect(whole.contains("agd excess"))
            #expect(try await report([names[1], names[2]]) == whole)
            #expect(try await report([names[2]]).contains("shard 0/2 is missing"))
        }
    }
}
