import Foundation
import Testing

@testable import TestFixtures

@Suite("agd generate --avoid, --untrusted")
struct TrustCommandTests {
    private static let model = ["-m", CommandLineTests.model, "-t", "1"]

    @Test("an avoided word isn't said, and it is told how often it would have been")
    func avoid() async throws {
        let arguments = ["generate"] + Self.model + ["--user", "What do you know about Inga?", "-n", "12"]
        let free = try await Command.run(arguments)
        let word = try #require(free.standardOutput.split { !$0.isLetter }.first { $0.count > 1 }).lowercased()
        let result = try await Command.run(arguments + ["--avoid", word])
        #expect(result.status == 0, "\(result.standardError)")
        #expect(!result.standardOutput.lowercased().split { !$0.isLetter }.contains(Substring(word)))
        #expect(result.standardError.contains("words to avoid were kept out"))
    }

    @Test("untrusted text has its share; where that exceeds the limit it is told, or the answer withheld")
    func limit() async throws {
        let file = try TemporaryFile("Petra eats honey.\n", name: "pets.txt")
        let arguments =
            ["generate"] + Self.model
            + ["--document", file.path, "--untrusted", "documents", "--user", "What does Petra eat?", "-n", "12"]
            + ["--sources", "--untrusted-limit"]
        let flagged = try await Command.run(arguments + ["0"])
        #expect(flagged.status == 0 && flagged.standardOutput.contains(/Untrusted text: [0-9]+ %/))
        #expect(flagged.standardError.contains(/on untrusted text by more than 0 %/))
        let refused = try await Command.run(arguments + ["0", "--refuse"])
        #expect(refused.status == 1 && refused.standardOutput.isEmpty, "\(refused.standardOutput)")
        #expect(refused.standardError.contains("withheld"))
        let within = try await Command.run(arguments + ["1", "--refuse"])
        #expect(within.status == 0 && within.standardOutput == flagged.standardOutput)
    }

    @Test("a negative weight says what it doesn't do")
    func negative() async throws {
        let result = try await Command.run(
            ["generate"] + Self.model
                + ["--system", "Never say tea.", "--user", "x", "--roi", "text:\"tea\"=-1", "--show-roi", "-n", "1"])
        #expect(result.status == 0 && result.standardError.contains("--avoid keeps a word out"))
    }

    @Test(
        "what can't be is told",
        arguments: [
            (["--user", "x", "--avoid", "*"], ["--avoid", "nothing to avoid"]),
            (["--user", "x", "--untrusted-limit", "0.5"], ["--untrusted-limit", "--sources"]),
            (["--user", "x", "--sources", "--untrusted-limit", "0.5"], ["nothing in the prompt is untrusted"]),
            (["--user", "x", "--sources", "--untrusted-limit", "2"], ["0 to 1"]),
            (["--user", "x", "--sources", "--refuse"], ["--untrusted-limit"]),
            (["--prompt", "x", "--untrusted", "tools"], ["--untrusted", "--user"]),
            (["--user", "x", "--roi", "untrusted"], ["untrusted", "agd_trust"]),
        ])
    func errors(arguments: [String], words: [String]) async throws {
        try await Command.expectError(["generate"] + Self.model + arguments, mentions: words)
    }
}
