import Foundation
import Testing

@testable import TestFixtures

@Suite("A bad command line is an error that names the option and the remedy")
struct CommandLineTests {
    static let model = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
        .appending(path: "Models/microcosm.gguf").path

    @Test("It tells what is wrong", arguments: BadRequest.all)
    func bad(_ request: BadRequest) async throws {
        let file = try TemporaryFile(request.contents)
        func filled(_ text: String) -> String {
            text.replacing("MODEL", with: Self.model).replacing("FILE", with: file.path)
        }
        try await Command.expectError(request.arguments.map(filled), mentions: request.mentions.map(filled))
    }

    @Test("An equals sign in the text of a region is no weight")
    func equalsSign() async throws {
        let result = try await Command.run(
            ["generate", "-m", Self.model, "-t", "1", "-n", "0", "-p", "a = b", "--roi", "text:\"a =\"", "--show-roi"])
        #expect(result.status == 0)
        #expect(result.standardError.contains("⟦a⟧"))
    }

    @Test(
        "With --json stdout is one JSON object",
        arguments: [
            ["generate", "--user", "Hi \u{1}\"\\ 🙂 \u{2028}", "-n", "3"], ["generate", "--user", "", "-n", "2"],
            ["generate", "--user", "Hi.", "-n", "0"],
            ["generate", "--prompt-tokens", "1,2", "-n", "2", "--roi", "tokens:0=0"],
            [
                "generate", "--user", "Hi.", "-n", "2", "--roi", "user=-2.5", "--entropy-threshold", "off", "--score",
                "excess",
            ],
            [
                "generate", "--user", "Hi.", "-n", "2", "--roi", "heads:0.0", "--min-probability", "1",
                "--entropy-threshold", "-1",
            ],
            [
                "generate", "--user", "Hi.", "-n", "2", "--strategy", "sample", "--temp", "0", "--top-p", "0",
            ],
            [
                "generate", "--user", "Hi.", "-n", "2", "--roi", "user", "--entropy-threshold", "0", "--candidates",
                "100000",
            ],
            ["generate", "--user", "Hi.", "-n", "2", "--roi", "user=1000000", "--entropy-threshold", "off"],
            ["generate", "--user", "Hi.", "-n", "2", "--roi", "user", "--strategy", "cad"],
            ["attribute", "--user", "Hi.", "--targets", "3,3,4"],
            ["attribute", "--user", "Hi.", "--targets", "3", "--roi", "user=1e-30"],
        ])
    func json(arguments: [String]) async throws {
        let result = try await Command.run(
            [arguments[0], "-m", Self.model, "-t", "1", "--json"] + arguments.dropFirst())
        #expect(result.status == 0, "\(result.standardError)")
        let object = try JSONSerialization.jsonObject(with: Data(result.standardOutput.utf8)) as? [String: Any]
        #expect(object?["prompt_tokens"] is [Int])
        #expect(result.standardOutput.last == "\n")
    }

    @Test("Numbers may be negative where they have a meaning")
    func negativeNumbers() async throws {
        let result = try await Command.run([
            "generate", "-m", Self.model, "-t", "1", "-p", "a", "-n", "-1", "-c", "8", "--ignore-eos", "--json",
        ])
        #expect(result.status == 0, "\(result.standardError)")
        #expect(result.standardOutput.contains("\"stop_reason\":\"context_full\""))
    }

    @Test("A reader that goes away ends the program quietly", arguments: ["", "trap '' PIPE; "])
    func closedPipe(preparation: String) async throws {
        let result = try await Command.run(
            ["generate", "-m", Self.model, "-t", "1", "--user", "Hi.", "-n", "200", "--ignore-eos"],
            shell: preparation + "\"$@\" | head -c 1; exit ${PIPESTATUS[0]}")
        #expect(!result.wasKilled)
        #expect(!result.standardError.contains("rror"))
        // 141 is what a shell calls a process that the closed pipe has ended.
        #expect([0, 1, 141].contains(result.status))
    }

    @Test("Output that can't be written is an error", arguments: ["\"$@\" >/dev/full", "\"$@\" >&-"])
    func unwritable(shell: String) async throws {
        let result = try await Command.run(["info", Self.model], shell: shell)
        #expect(!result.wasKilled)
        #expect(result.status == 1)
        #expect(result.standardError.contains("stdout"))
    }

    @Test("It works where messages can't be written, and where it has no input")
    func closedStreams() async throws {
        let arguments = [
            "generate", "-m", Self.model, "-t", "1", "--user", "Hi.", "-n", "2", "--roi", "user", "--show-roi",
        ]
        for shell in ["\"$@\" 2>&-", "\"$@\" 2>/dev/full", "\"$@\" <&-"] {
            #expect(try await Command.run(arguments, shell: shell).status == 0)
        }
    }

    @Test("--version tells the changelog's newest version, and ggml's, with its commit where its sources know it")
    func version() async throws {
        let result = try await Command.run(["--version"])
        let changelog = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../CHANGELOG.md")
        let newest = try String(contentsOf: changelog, encoding: .utf8).firstMatch(of: /(?m)^## (\d\S*)/)
        #expect(result.status == 0)
        #expect(result.standardOutput.hasPrefix("agd \(try #require(newest).1)\n"))
        #expect(result.standardOutput.contains(/(?m)^ggml \d+\.\d+\.\d+( \([0-9a-f]+\))?$/))
    }

    @Test(
        "Help names what can be given",
        arguments: [
            "generate": [
                "--model", "--ctx-size", "--threads", "-ngl", "--cache-type", "--system", "--user", "--prompt",
                "--file", "--messages",
                "--prompt-tokens", "--roi", "--show-roi", "--strategy", "--rule", "--score", "--candidates",
                "--min-probability",
                "--entropy-threshold", "--temp", "--top-k", "--top-p", "--min-p", "--seed", "--n-predict",
                "--max-tokens", "--stop",
                "--ignore-eos", "--color", "--json",
            ],
            "attribute": [
                "--model", "--prompt-tokens", "--targets", "--target-text", "--roi", "--rule", "--mode", "--json",
            ],
            "info": ["<model>", "--json"], "bench": ["USAGE: agd bench"],
            "": ["generate", "attribute", "bench", "info"],
        ])
    func help(subcommand: String, options: [String]) async throws {
        let result = try await Command.run([subcommand, "--help"].filter { !$0.isEmpty })
        #expect(result.status == 0)
        for option in options { #expect(result.standardOutput.contains(option)) }
    }

    @Test(
        "A text far too long is refused, whatever it is made of",
        arguments: ["a", "  ", "ab ", "漢", "\n", "'s", "<|im_end|>", "1", "!"],
        ["gpt-2", "llama-bpe", "qwen2", "tekken", "default", "deepseek-llm"])
    func longText(unit: String, preTokenizer: String) async throws {
        var model = GGUFWriter.model()
        model["tokenizer.ggml.pre"] = .string(preTokenizer)
        let modelFile = try TemporaryFile(model.serialized().file, name: "model.gguf")
        let file = try TemporaryFile(String(repeating: unit, count: 40_000 / unit.utf8.count))
        try await Command.expectError(
            ["generate", "-m", modelFile.path, "-t", "1", "-n", "1", "--file", file.path],
            mentions: ["context", "shorten"])
    }
}
