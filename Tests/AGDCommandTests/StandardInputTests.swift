import Foundation
import Testing

@Suite("A prompt may come by stdin")
struct StandardInputTests {
    private static let model = Command.file("Models/microcosm.gguf")

    private static func generated(_ options: [String], input: String = "") async throws -> String {
        let result = try await Command.run(
            ["generate", "-m", model, "-t", "1", "-n", "4"] + options, input: Data(input.utf8))
        #expect(result.status == 0, "\(options) \(result.standardError)")
        return result.standardOutput
    }

    @Test(
        "- stands for what is piped, and so does no prompt at all, without the last line end",
        arguments: [
            (["--user", "-"], ["--user"]), ([], ["--user"]), (["--prompt", "-"], ["--prompt"]),
            (["--user", "What flows here?", "--system", "-"], ["--user", "What flows here?", "--system"]),
        ])
    func piped(options: [String], given: [String]) async throws {
        let text = "What do you know about Inga?"
        let piped = try await Self.generated(options, input: text + "\n")
        #expect(try await piped == Self.generated(given + [text]))
    }

    @Test("So do files that are read from it")
    func files() async throws {
        let messages = #"[{"role": "user", "content": "What flows here?"}]"#
        #expect(
            try await Self.generated(["--messages", "-"], input: messages)
                == Self.generated(["--user", "What flows here?"]))
        #expect(
            try await Self.generated(["--file", "-"], input: "The cat") == Self.generated(["--prompt", "The cat"]))
    }

    @Test(
        "Nothing piped is no prompt; stdin is read once, and is text",
        arguments: [
            ([], Data(), "There is no prompt"), (["--user", "-", "--system", "-"], Data("a".utf8), "once"),
            (["--user", "-"], Data([0xFF]), "stdin: not UTF-8"),
        ])
    func refused(options: [String], input: Data, mention: String) async throws {
        try await Command.expectError(
            ["generate", "-m", Self.model, "-t", "1"] + options, mentions: [mention], input: input)
    }
}
