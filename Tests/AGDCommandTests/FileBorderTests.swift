import Foundation
import Testing

@testable import TestFixtures

@Suite("Files are read as people have them, and written where they can be kept")
struct FileBorderTests {
    private static let model = ["-m", CommandLineTests.model, "-t", "1"]
    private static let question = "What do you know about Inga?"

    private static func prompt(_ arguments: [String]) async throws -> String {
        let result = try await Command.run(["generate"] + model + ["-n", "0", "--show-roi"] + arguments)
        #expect(result.status == 0, "\(arguments): \(result.standardError)")
        return result.standardError
    }

    // MARK: prompts

    @Test(
        "a conversation may have a byte-order mark, parts, null beside an answer's calls, and a developer",
        arguments: [
            "\u{FEFF}[{\"role\": \"user\", \"content\": \"What do you know about Inga?\"}]",
            #"[{"role": "user", "content": [{"type": "text", "text": "What do you know "}, {"type": "text", "text": "about Inga?"}]}]"#,
            "\u{FEFF}\r\n{\"messages\": [{\"role\": \"user\", \"content\": \"What do you know about Inga?\"}]}\r\n",
        ])
    func conversations(text: String) async throws {
        let file = try TemporaryFile(text, name: "messages.json")
        #expect(try await Self.prompt(["--messages", file.path]) == Self.prompt(["--user", Self.question]))
    }

    @Test("developer is another word for system, and an assistant's null content is empty")
    func roles() async throws {
        let developer = try TemporaryFile(
            #"[{"role": "developer", "content": "Say yes."}, {"role": "user", "content": "Hi."}]"#)
        #expect(
            try await Self.prompt(["--messages", developer.path, "--roi", "system"])
                == Self.prompt(["--system", "Say yes.", "--user", "Hi.", "--roi", "system"]))
        let null = try TemporaryFile(
            #"[{"role": "user", "content": "Hi"}, {"role": "assistant", "content": null, "tool_calls": []}, {"role": "user", "content": "x"}]"#
        )
        #expect(try await Self.prompt(["--messages", null.path]).contains("assistant"))
    }

    @Test("what can't be told to the model from a conversation is named")
    func refusedParts() async throws {
        for (text, words) in [
            (
                #"[{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}]"#,
                ["[0]", "image_url"]
            ),
            (#"[{"role": "user", "content": [{"type": "text"}]}]"#, ["[0]", "content", "text"]),
            (#"[{"role": "user", "content": null}]"#, ["[0]", "content", "null"]),
        ] {
            let file = try TemporaryFile(text)
            try await Command.expectError(
                ["generate"] + Self.model + ["--messages", file.path], mentions: [file.path] + words)
        }
    }

    @Test("a prompt's byte-order mark and carriage returns are its file's, not its own")
    func promptFiles() async throws {
        let plain = try TemporaryFile("One.\nTwo.\n")
        let windows = try TemporaryFile("\u{FEFF}One.\r\nTwo.\r\n")
        #expect(try await Self.prompt(["--file", windows.path]) == Self.prompt(["--file", plain.path]))
    }

    @Test("items may have a byte-order mark, in lines and in an array")
    func items() async throws {
        let lines = try TemporaryFile(
            "\u{FEFF}{\"messages\": [{\"role\": \"user\", \"content\": \"Hi.\"}], \"region\": [\"user\"]}\n")
        let result = try await Command.run(
            ["faithfulness"] + Self.model + ["--prompts", lines.path, "--steps", "1", "--json"])
        #expect(result.status == 0, "\(result.standardError)")
    }

    // MARK: outputs

    @Test(
        "an output that isn't a plain file is refused before any work",
        arguments: ["/dev/full", "/dev/null", "/tmp", "PIPE"])
    func outputs(path: String) async throws {
        let pipe = FileManager.default.temporaryDirectory.appending(path: "agd-\(UUID().uuidString)").path
        #expect(mkfifo(pipe, 0o600) == 0)
        defer { unlink(pipe) }
        let output = path == "PIPE" ? pipe : path
        let data = try TemporaryFile(#"{"question": "Who?", "answer": ["x"]}"#, name: "data.jsonl")
        let nothing = ["-m", "/nowhere.gguf"]
        for arguments in [
            ["eval", "nq-open", "--data", data.path, "--output", output] + nothing,
            ["explain", "--user", "Hi.", "-o", output] + nothing,
            ["heads", "--items", data.path, "-o", output] + nothing,
            ["bench", "--plot", output] + nothing,
        ] {
            try await Command.expectError(arguments, mentions: [output, "not a plain file"])
        }
    }

    // MARK: runs

    private static func evaluate(_ data: [TemporaryFile], _ more: [String]) async throws -> Command.Result {
        let output = try TemporaryFile("", name: "run.jsonl")
        return try await Command.run(
            ["eval", "nq-open"] + data.flatMap { ["--data", $0.path] } + model + ["-n", "2", "--output", output.path]
                + more)
    }

    @Test("items of two files are all decoded and reported, though both are numbered from 1")
    func twoFiles() async throws {
        let data = try ["Who?", "Where?"].map {
            try TemporaryFile("{\"question\": \"\($0)\", \"answer\": [\"x\"]}\n", name: "data.jsonl")
        }
        let result = try await Self.evaluate(data, ["--strategy", "greedy"])
        #expect(result.status == 0, "\(result.standardError)")
        #expect(result.standardOutput.contains(#/instructqa_f1 +greedy +2 /#))
    }

    @Test("a run in which every item failed is no success, and says why the first did")
    func allFailed() async throws {
        let closedBook = try TemporaryFile(#"{"question": "Who?", "answer": ["x"]}"#, name: "data.jsonl")
        let result = try await Self.evaluate([closedBook], ["--strategy", "agd"])
        #expect(result.status == 1)
        #expect(result.standardError.contains("all 1 items failed") && result.standardError.contains("region"))
        #expect(result.standardOutput.contains("Failed items") || result.standardOutput.contains("error"))
        let openBook = try TemporaryFile(
            #"{"question": "Who?", "answers": {"text": ["x"]}, "context": "Inga bakes."}"#, name: "data.jsonl")
        let some = try await Self.evaluate([closedBook, openBook], ["--strategy", "agd"])
        #expect(some.status == 0)
        #expect(some.standardError.contains("1 of 2 items failed"))
    }

    // MARK: what guidance did

    @Test("after a guided run a line says what guidance did, and what to try where it did nothing")
    func summary() async throws {
        let prompt = [
            "--system", "Reply in English, please.", "--user", "What do you know about Inga? Use the Spanish language.",
        ]
        func line(_ more: [String]) async throws -> String {
            let result = try await Command.run(["generate"] + Self.model + prompt + ["-n", "8"] + more)
            #expect(result.status == 0, "\(result.standardError)")
            return result.standardError
        }
        let always = try await line(["--roi", "system", "--score", "excess", "--entropy-threshold", "off"])
        #expect(always.contains(#/guided 100 %, changed [1-9][0-9]* % of 8 tokens/#))
        let never = try await line(["--roi", "system", "--entropy-threshold", "50"])
        #expect(never.contains("guided 0 %") && never.contains("--entropy-threshold off"))
        #expect(try await line([]).isEmpty)
        #expect(try await line(["--roi", "system", "--json"]).isEmpty)
    }
}
