import Foundation
import Testing

@Suite("The programs in Examples run on the model in the repository")
struct ExampleTests {
    private static func output(_ program: String) async throws -> [Substring] {
        let result = try await Command.run(program: program, [CommandLineTests.model])
        #expect(result.status == 0, "\(result.standardError)")
        return result.standardOutput.split(separator: "\n")
    }

    @Test("GuidedAnswer: guidance changes tokens, greedy decoding has none to mark")
    func guidedAnswer() async throws {
        let lines = try await Self.output("GuidedAnswer")
        let (greedy, guided) = (try #require(lines.first), try #require(lines.last))
        #expect(greedy.hasPrefix("greedy: ") && !greedy.contains("⟦"))
        #expect(guided.hasPrefix("agd: ") && guided.contains("⟦"))
    }

    @Test("OwnStrategy: its completion is another than the model's own, which repeats itself")
    func ownStrategy() async throws {
        let lines = try await Self.output("OwnStrategy").joined(separator: "\n").split(
            separator: "without-repetition: ")
        #expect(lines.count == 2)
        #expect(lines.first?.dropFirst("greedy: ".count) != lines.last)
    }

    @Test("AttributedAnswer: a line for each token of the answer, with the tokens it rests on")
    func attributedAnswer() async throws {
        let lines = try await Self.output("AttributedAnswer")
        #expect(!lines.isEmpty)
        #expect(lines.allSatisfy { $0.contains("rests on") && $0.contains("%") })
    }
}
