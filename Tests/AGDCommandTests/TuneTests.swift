import Foundation
import Testing

@testable import TestFixtures

@Suite("agd tune")
struct TuneTests {
    private static let conflicts = Repository.root.appending(path: "Models/microcosm-conflicts.jsonl")

    @Test("writes settings that generate and eval take, goes on where it stopped, and is the same when it ends")
    func settings() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "agd-tune-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { _ = try? FileManager.default.removeItem(at: folder) }
        // The first conflicts, in which the region prevails with CAD and the user without.
        let lines = try String(contentsOf: Self.conflicts, encoding: .utf8).split(separator: "\n")
            .filter { $0.contains("\"setting\":\"language\"") }.prefix(16)
        let task = folder.appending(path: "task.jsonl").path
        try lines.joined(separator: "\n").write(toFile: task, atomically: true, encoding: .utf8)
        let output = folder.appending(path: "tuned").path
        let arguments = [
            "tune", "-m", CommandLineTests.model, "--task", task, "--output", output, "-n", "24", "-t", "1",
            "--strategies", "cad",
        ]
        let first = try await Command.run(arguments)
        try #require(first.status == 0, "\(first.standardError)")
        #expect(first.standardOutput.contains("cad, alpha 1.0"))
        let settings = output + "/settings.json"
        let written = try Data(contentsOf: URL(filePath: settings))

        let again = try await Command.run(arguments)
        #expect(again.standardOutput == first.standardOutput)
        #expect(try Data(contentsOf: URL(filePath: settings)) == written)

        let generated = try await Command.run([
            "generate", "-m", CommandLineTests.model, "--settings", settings, "--system", "Answer in Spanish.",
            "--user",
            "Where is the cat?", "-n", "4", "-t", "1", "--json",
        ])
        #expect(generated.status == 0, "\(generated.standardError)")
        let evaluated = try await Command.run([
            "eval", "task", "--data", task, "-m", CommandLineTests.model, "--settings", settings, "--output",
            output + "/evaluated.jsonl", "-n", "24", "-t", "1", "--limit", "2",
        ])
        #expect(evaluated.status == 0, "\(evaluated.standardError)")
        let both = try await Command.run([
            "generate", "-m", CommandLineTests.model, "--settings", settings, "--strategy", "cad", "--user", "Hi",
        ])
        #expect(both.status != 0 && both.standardError.contains("--settings"))
    }
}
