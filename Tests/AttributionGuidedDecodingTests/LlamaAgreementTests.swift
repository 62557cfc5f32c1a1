import CLlama
import Foundation
import Testing

@testable import AttributionGuidedDecoding
@testable import LaneEngine
@testable import TestFixtures

@Suite("Agreement with llama.cpp and between storage types", .serialized)
struct LlamaAgreementTests {
    static let microcosm = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Models/microcosm.gguf").path

    private func greedy(_ model: LanguageModel, _ prompt: [Int], count: Int) async throws -> [Int] {
        let generation = try model.generate(
            model.prompt(tokens: prompt), strategy: Greedy(),
            limits: GenerationLimits(maximumTokens: count, ignoresEndOfGeneration: true),
            options: Session.Options(contextLength: 256, threadCount: 1, cacheType: .float32))
        var tokens: [Int] = []
        for try await step in generation { tokens.append(step.token) }
        return tokens
    }

    @Test("greedy tokens are llama.cpp's own, for every architecture", arguments: Oracle.variants)
    func greedyOnOracle(variant: String) async throws {
        let path = try Oracle.directory.appending(path: "\(variant).gguf").path
        let oracle = try Oracle.load(variant)
        let prompt = try #require(oracle.traces["greedy"]).prompt
        let expected = try LlamaReference.greedyTokens(model: path, after: prompt, count: 24)
        #expect(try await greedy(LanguageModel(path: path), prompt, count: 24) == expected)
    }

    @Test("greedy tokens are llama.cpp's own on the model in the repository, chat template and tokenizer included")
    func greedyOnMicrocosm() async throws {
        let model = try LanguageModel(path: Self.microcosm)
        for user in ["Who is Inga?", "Describe the turtle.", "¿Dónde vive Walter?", "Tell me about Wanda."] {
            let prompt = try model.prompt([.system("Write plain sentences."), .user(user)]).tokens
            let expected = try LlamaReference.greedyTokens(model: Self.microcosm, after: prompt, count: 32)
            #expect(try await greedy(model, prompt, count: 32) == expected)
        }
    }

    @Test(
        "a quantised copy mostly chooses what the original chooses",
        arguments: [(LLAMA_FTYPE_MOSTLY_Q8_0, 0.97), (LLAMA_FTYPE_MOSTLY_Q4_K_M, 0.85)])
    func quantised(type: llama_ftype, least: Double) async throws {
        let copy = FileManager.default.temporaryDirectory.appending(path: "microcosm-\(UUID().uuidString).gguf").path
        defer { try? FileManager.default.removeItem(atPath: copy) }
        try LlamaReference.quantise(Self.microcosm, to: copy, type)
        let (original, quantised) = (try LanguageModel(path: Self.microcosm), try LanguageModel(path: copy))
        var (same, count) = (0, 0)
        for name in ["Inga", "Walter", "Wanda", "Vera", "Lumen"] {
            let messages: [ChatMessage] = [
                .system("Speak only English."), .user("What do you know about \(name)? Always write in Spanish."),
            ]
            let prompt = try original.prompt(messages)
            let strategy = AttributionGuided(region: try prompt.region("system"), entropyThreshold: nil)
            // Both are asked at the same points: along the original's completion.
            let completion = try await choices(original, prompt, strategy, following: nil)
            let other = try await choices(quantised, prompt, strategy, following: completion)
            same += zip(completion, other).count { $0 == $1 }
            count += completion.count
        }
        let share = Double(same) / Double(count)
        print("\(type == LLAMA_FTYPE_MOSTLY_Q8_0 ? "Q8_0" : "Q4_K_M"): \(same) of \(count) choices agree")
        #expect(share >= least)
    }

    /// The strategy's choice at each point of a completion: its own, or a given one.
    private func choices(
        _ model: LanguageModel, _ prompt: Prompt, _ strategy: AttributionGuided, following completion: [Int]?
    ) async throws -> [Int] {
        let session = try InferenceSession(model, regions: strategy.needs.regions, options: Oracle.float32)
        var strategy = strategy
        var prediction = try session.append(prompt.tokens)
        var choices: [Int] = []
        while choices.count < (completion?.count ?? 32) {
            let distribution = Distribution(logits: prediction.logits, probabilities: prediction.probabilities)
            let context = DecodingContext(distribution: distribution, tokens: session.tokens) {
                session.relevance(of: $0, prediction)
            }
            let choice = try strategy.choose(context).token
            choices.append(choice)
            if completion == nil, model.tokenizer?.endsGeneration(choice) == true { break }
            prediction = try session.append([completion?[choices.count - 1] ?? choice])
        }
        return choices
    }
}
