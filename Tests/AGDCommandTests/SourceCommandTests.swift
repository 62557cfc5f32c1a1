import Foundation
import Testing

@testable import TestFixtures

@Suite("agd generate --document --sources")
struct SourceCommandTests {
    private static let model = ["-m", CommandLineTests.model, "-t", "1"]

    private static func files() throws -> [TemporaryFile] {
        [
            try TemporaryFile("Petra eats honey. She lives in Brno.\n", name: "pets.txt"),
            try TemporaryFile("Hana is a doctor.", name: "hana.txt"),
        ]
    }

    @Test("the answer has footnotes, and the list below names files, shares and passages")
    func footnotes() async throws {
        let files = try Self.files()
        let result = try await Command.run(
            ["generate"] + Self.model + files.flatMap { ["--document", $0.path] }
                + ["--user", "What does Petra eat?", "-n", "16", "--sources"])
        #expect(result.status == 0, "\(result.standardError)")
        #expect(result.standardOutput.contains(/\[[12](, [12])?\]/))
        #expect(result.standardOutput.contains("Sources: shares of each sentence's relevance"))
        #expect(result.standardOutput.contains(/\[[12]\] \S*(pets|hana)\.txt\n +[0-9]+ %/))
    }

    @Test("--json has every source with its share of every part")
    func json() async throws {
        let files = try Self.files()
        let result = try await Command.run(
            ["generate"] + Self.model + files.flatMap { ["--document", $0.path] }
                + [
                    "--user", "What does Petra eat?", "-n", "8", "--sources", "--sources-per", "token", "--no-hops",
                    "--json",
                ])
        #expect(result.status == 0, "\(result.standardError)")
        let object = try #require(
            JSONSerialization.jsonObject(with: Data(result.standardOutput.utf8)) as? [String: Any])
        let sources = try #require(object["sources"] as? [String: Any])
        #expect(sources["rule"] as? String != nil && sources["hops"] as? Bool == false)
        let statements = try #require(sources["statements"] as? [[String: Any]])
        #expect(statements.count > 1)
        #expect(statements.allSatisfy { ($0["shares"] as? [[String: Any]])?.count == 5 })
    }

    @Test(
        "what can't be is told",
        arguments: [
            (["--user", "x", "--document", "/nowhere.txt"], ["/nowhere.txt"]),
            (["--prompt", "x", "--document", "y.txt"], ["--document", "--user"]),
            (["--user", "x", "--sources-per", "token"], ["--sources-per", "--sources"]),
            (["--user", "x", "--no-hops"], ["--no-hops", "--sources"]),
            (["--user", "x", "--sources", "--sources-per", "word"], ["word", "sentence"]),
        ])
    func errors(arguments: [String], words: [String]) async throws {
        try await Command.expectError(["generate"] + Self.model + arguments, mentions: words)
    }
}
