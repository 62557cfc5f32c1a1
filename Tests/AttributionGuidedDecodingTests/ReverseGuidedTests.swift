import Foundation
import Testing

@testable import AttributionGuidedDecoding
@testable import LaneEngine
@testable import TestFixtures

/// A prompt of the file beside the model in the repository.
private struct Conflict: Decodable {
    var messages: [ChatMessage]
    var region: [String]

    static var all: [Conflict] {
        get throws {
            try Data(contentsOf: URL(filePath: Repository.conflicts)).split(separator: UInt8(ascii: "\n"))
                .map { try JSONDecoder().decode(Conflict.self, from: $0) }
        }
    }
}

@Suite("The paper's own algorithm and the one-pass algorithm choose the same tokens")
struct ReverseGuidedTests {
    @Test(
        "for every kind of region, both scores and every rule", arguments: Oracle.variants,
        ["span", "weighted", "heads"])
    func sameTokens(variant: String, roi: String) async throws {
        let oracle = try Oracle.load(variant)
        let model = try Oracle.model(variant)
        for (rule, score) in zip(PropagationRule.all, [AttributionGuided.Score.sum, .excess, .sum]) {
            let guided = AttributionGuided(
                region: try oracle.region(roi), rule: rule, score: score, entropyThreshold: nil)
            let reverse = ReverseGuided(guided, model: model, options: Oracle.reverseOptions)

            let (expected, steps) = (
                try await Self.decode(model, oracle.prompt, guided),
                try await Self.decode(model, oracle.prompt, reverse)
            )

            #expect(steps.map(\.token) == expected.map(\.token))
            for (step, reference) in zip(steps, expected) {
                #expect(step.choice.guided && step.choice.candidates.map(\.id) == reference.choice.candidates.map(\.id))
                let (scores, references) = (
                    step.choice.candidates.compactMap(\.relevance), reference.choice.candidates.compactMap(\.relevance)
                )
                #expect(scores.distance(to: references) < 1e-3 * max(1, references.largestMagnitude))
            }
        }
    }

    /// All 100 take some minutes: `AGREEMENT_PROMPTS=100 swift test --filter ReverseGuidedTests`.
    @Test("on conflicts with the model in the repository, over whole answers")
    func sameAnswers() async throws {
        let count = ProcessInfo.processInfo.environment["AGREEMENT_PROMPTS"].flatMap { Int($0) } ?? 20
        let model = try LanguageModel(path: Repository.model)
        let conflicts = try Conflict.all
        let chosen = stride(from: 0, to: conflicts.count, by: conflicts.count / count).map { conflicts[$0] }
        var contestedCount = 0
        for item in chosen {
            let prompt = try model.prompt(item.messages)
            let region = try prompt.region(item.region.map { try RegionSpecification($0) })
            let guided = AttributionGuided(region: region, entropyThreshold: nil)
            let reverse = ReverseGuided(guided, model: model, options: Oracle.reverseOptions)
            let limits = GenerationLimits(maximumTokens: 24)
            let (forward, backward) = (
                try await Self.decode(model, prompt, guided, limits),
                try await Self.decode(model, prompt, reverse, limits)
            )
            let parting = zip(forward, backward).first { $0.token != $1.token }.map { [$0.choice, $1.choice] } ?? []
            #expect(
                forward.map(\.token) == backward.map(\.token),
                "they part at these scores: \(parting.map { $0.candidates.map { ($0.id, $0.score) } })")
            contestedCount += forward.count { $0.choice.candidates.count > 1 }
        }
        // Else the model would leave nothing to choose.
        #expect(contestedCount > count)
    }

    private static func decode(
        _ model: LanguageModel, _ prompt: [Int], _ strategy: any DecodingStrategy
    ) async throws -> [GenerationStep] {
        try await decode(
            model, model.prompt(tokens: prompt), strategy,
            GenerationLimits(maximumTokens: 6, ignoresEndOfGeneration: true))
    }

    private static func decode(
        _ model: LanguageModel, _ prompt: Prompt, _ strategy: any DecodingStrategy, _ limits: GenerationLimits
    ) async throws -> [GenerationStep] {
        let generation = try model.generate(
            prompt, strategy: strategy, limits: limits,
            options: Session.Options(contextLength: 128, threadCount: 1, cacheType: .float32))
        var steps: [GenerationStep] = []
        for try await step in generation { steps.append(step) }
        return steps
    }
}
