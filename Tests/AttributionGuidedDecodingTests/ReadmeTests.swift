import AttributionGuidedDecoding
import Foundation
import Testing

/// The program that the README shows.
private func readmeExample(path: String) async throws -> String {
    var answer = ""
    // README: begin
    let model = try LanguageModel(path: path)
    let prompt = try model.prompt([
        .system("Reply in English, please."),
        .user("What do you know about Inga? Use the Spanish language."),
    ])
    let strategy = AttributionGuided(region: try prompt.region("system"), score: .excess, entropyThreshold: nil)
    let generation = try model.generate(prompt, strategy: strategy, limits: GenerationLimits(maximumTokens: 64))
    for try await step in generation {
        answer += step.text
        if step.changedByGuidance { print("guided:", step.choice.candidates.map(\.score)) }
    }
    // README: end
    return answer
}

@Suite("The README tells the truth")
struct ReadmeTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    @Test("its Swift example is the program that is compiled here")
    func exampleIsCompiled() throws {
        let source = try String(contentsOf: URL(filePath: #filePath), encoding: .utf8)
        let lines = source.split(separator: "\n", omittingEmptySubsequences: false)
        let begin = try #require(lines.firstIndex { $0.hasSuffix("// README: begin") && !$0.contains("\"") })
        let end = try #require(lines.firstIndex { $0.hasSuffix("// README: end") && !$0.contains("\"") })
        let example = lines[(begin + 1)..<end].map { $0.dropFirst(4) }.joined(separator: "\n")
        let readme = try String(contentsOf: Self.root.appending(path: "README.md"), encoding: .utf8)
        #expect(readme.contains(example))
    }

    @Test("the example answers on the model in the repository")
    func exampleRuns() async throws {
        let answer = try await readmeExample(path: Self.root.appending(path: "Models/microcosm.gguf").path)
        #expect(!answer.isEmpty)
    }
}
