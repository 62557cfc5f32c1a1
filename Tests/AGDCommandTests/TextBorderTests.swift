import Foundation
import Testing

@testable import TestFixtures

@Suite("Text goes in and out of the command line as it is, and is shown so that nothing obeys it")
struct TextBorderTests {
    private static let model = ["-m", CommandLineTests.model, "-t", "1"]
    private static let escape: Character = "\u{1B}"

    private static func run(_ arguments: [String], shell: String = "\"$@\"") async throws -> Command.Result {
        let result = try await Command.run([arguments[0]] + model + arguments.dropFirst(), shell: shell)
        #expect(result.status == 0, "\(arguments): \(result.standardError)")
        return result
    }

    /// The prompt as `--show-roi` tells it.
    private static func prompt(_ arguments: [String]) async throws -> String {
        try await run(["generate", "-n", "0", "--show-roi"] + arguments).standardError
            .replacing("|", with: "").replacing("⟦", with: "").replacing("⟧", with: "")
    }

    // MARK: text that begins with a dash

    /// A dash alone is standard input.
    @Test(
        "a text may begin with a dash, and look like an option",
        arguments: [
            "- What do you know about Inga?", "--", "---", "--user", "-n", "--help me", "-=x", "--=y", "----- x",
            "-m=1",
        ])
    func dashes(text: String) async throws {
        #expect(try await Self.prompt(["--user", text]).contains(text))
        #expect(try await Self.prompt(["--system", text, "--user", "Hi."]).contains(text))
        #expect(try await Self.prompt(["-p", text]).contains(text))
        #expect(try await Self.prompt(["--prompt", text]).contains(text))
    }

    @Test("so may stop strings, answers, targets and names")
    func otherTexts() async throws {
        _ = try await Self.run(["generate", "--user", "Hi.", "-n", "2", "--stop", "---", "--stop", "- a"])
        let explained = try await Self.run([
            "explain", "--user", "Hi.", "--completion", "- no", "--format", "text", "--roi", "text:\"Hi\"",
        ])
        _ = try await Self.run(["explain", "--user", "Hi.", "--completion", "--", "--format", "text", "--roi", "user"])
        #expect(explained.standardOutput.contains("-"))
        _ = try await Self.run(["attribute", "--user", "Hi.", "--target-text", "-"])
        // What a region or a name is said to be is judged, not taken for an option.
        try await Command.expectError(
            ["generate"] + Self.model + ["--user", "Hi.", "--roi", "- x"], mentions: ["region", "- x"])
        try await Command.expectError(
            ["serve", "-m", "/nowhere.gguf", "--alias", "-a", "--api-key", "--key"], mentions: ["/nowhere.gguf"])
        let data = try TemporaryFile(#"{"question": "Who?", "answer": ["x"]}"#, name: "data.jsonl")
        try await Command.expectError(
            ["eval", "nq-open", "--data", data.path, "--judge", "http://127.0.0.1:9", "--judge-model", "-m", "-m"]
                + ["/nowhere.gguf", "--output", "/tmp/never.jsonl"], mentions: ["/nowhere.gguf"])
    }

    // MARK: what a terminal would obey

    @Test("control characters of a prompt are shown, not sent, in messages and errors")
    func controlCharacters() async throws {
        let messages = try TemporaryFile(
            #"[{"role": "user", "content": "a \u001b[31m b \u0007 c \u009b2J"}]"#, name: "messages.json")
        let shown = try await Self.run(["generate", "--messages", messages.path, "-n", "0", "--show-roi"])
        #expect(shown.standardError.contains("\\u{1B}") && shown.standardError.contains("\\u{7}"))
        #expect(!shown.standardError.contains { $0 == Self.escape || $0 == "\u{7}" || $0 == "\u{9B}" })
        for arguments in [
            ["generate", "--messages", messages.path, "--roi", "text:\"zzz\""],
            ["generate", "--user", "x", "--roi", "text:\u{1B}[2J"], ["generate", "--user", "x", "--\u{1B}[2J"],
            ["generate", "-f", "/no\u{1B}where"],
        ] {
            let result = try await Command.run([arguments[0]] + Self.model + arguments.dropFirst())
            #expect(result.status != 0)
            #expect(result.standardError.contains("\\u{1B}"), "\(result.standardError)")
            #expect(!result.standardError.contains(Self.escape))
        }
    }

    @Test("names that a model's file holds are shown, not sent")
    func modelNames() async throws {
        var model = GGUFWriter.model()
        model["general.name"] = .string("\u{1B}]0;title\u{7}\u{9B}2J")
        let file = try TemporaryFile(model.serialized().file, name: "model.gguf")
        for arguments in [["info", file.path], ["info", file.path, "--json"]] {
            let result = try await Command.run(arguments)
            #expect(result.status == 0, "\(result.standardError)")
            #expect(!result.standardOutput.contains { $0 == Self.escape || $0 == "\u{7}" || $0 == "\u{9B}" })
        }
    }

    /// Runs a command on a terminal of its own.
    private static func onTerminal(_ variables: String) -> String {
        "env -u NO_COLOR \(variables) python3 -c 'import pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)' \"$@\""
    }
    private static let guided = [
        "compare", "--system", "Reply in English, please.", "--user",
        "What do you know about Inga? Use the Spanish language.", "--roi", "system", "--score", "excess",
        "--entropy-threshold", "off", "-n", "8",
    ]

    @Test("a terminal that knows no escape sequences gets none; others get colours")
    func dumbTerminal() async throws {
        let plain = try await Self.run(Self.guided, shell: Self.onTerminal("TERM=dumb"))
        #expect(!plain.standardOutput.contains(Self.escape) && plain.standardOutput.contains("⟦"))
        let colored = try await Self.run(Self.guided, shell: Self.onTerminal("TERM=xterm"))
        #expect(colored.standardOutput.contains("\u{1B}["))
        let explained = try await Self.run(
            ["explain", "--user", "Hi.", "-n", "2", "--format", "text"], shell: Self.onTerminal("TERM=xterm"))
        #expect(explained.standardOutput.contains("\u{1B}[48;2;") && !explained.standardOutput.contains("\\u{1B}"))
    }

    // MARK: characters of several tokens

    @Test("characters that span tokens are shown whole, in every form", arguments: ["html", "svg", "json", "text"])
    func explained(format: String) async throws {
        let result = try await Self.run([
            "explain", "--system", "Réponds 👩‍👩‍👧", "--user", "你好 مرحبا", "--roi", "system", "-n", "2", "--format", format,
        ])
        #expect(!result.standardOutput.contains("\u{FFFD}"))
        #expect(result.standardOutput.contains("你") && result.standardOutput.contains("👩‍👩‍👧"))
    }

    @Test("so are they in the prompt with its region, and by their bytes where the region divides one")
    func regions() async throws {
        let shown = try await Self.run(["generate", "-n", "0", "--show-roi", "-p", "你好"])
        #expect(shown.standardError.contains("|你|好"))
        let divided = try await Self.run(["generate", "-n", "0", "--show-roi", "-p", "你好", "--roi", "tokens:1"])
        #expect(divided.standardError.contains("|\\xE4⟦\\xBD⟧|\\xA0|好"))
    }

    @Test("a token that is no character has its bytes in JSON")
    func bytes() async throws {
        let tokens = try await Self.run(["generate", "-n", "0", "-p", "你", "--json"]).standardOutput
        let object = try #require(try JSONSerialization.jsonObject(with: Data(tokens.utf8)) as? [String: Any])
        let ids = try #require(object["prompt_tokens"] as? [Int]).suffix(3)
        let list = ids.map(String.init).joined(separator: ",")
        let result = try await Self.run(["attribute", "-p", "a", "--targets", list, "--json"])
        let report = try #require(
            try JSONSerialization.jsonObject(with: Data(result.standardOutput.utf8)) as? [String: Any])
        let targets = try #require(report["targets"] as? [[String: Any]])
        #expect(targets.compactMap { $0["bytes"] as? [Int] } == [[0xE4], [0xBD], [0xA0]])
        #expect(targets.compactMap { $0["text"] as? String } == ["\\xE4", "\\xBD", "\\xA0"])
    }
}
