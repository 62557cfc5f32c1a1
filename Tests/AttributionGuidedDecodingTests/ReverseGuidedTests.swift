import Testing

@testable import AttributionGuidedDecoding

@Suite("The paper's own algorithm and the one-pass algorithm choose the same tokens")
struct ReverseGuidedTests {
    @Test(
        "for every kind of region, both scores and every rule", arguments: Oracle.variants,
        ["span", "weighted", "heads"])
    func sameTokens(variant: String, roi: String) async throws {
        let oracle = try Oracle.load(variant)
        let model = try Oracle.model(variant)
        for (rule, score) in zip(PropagationRule.allCases, [AttributionGuided.Score.sum, .excess, .sum]) {
            let guided = AttributionGuided(
                region: try oracle.region(roi), rule: rule, score: score, entropyThreshold: nil)
            let reverse = ReverseGuided(guided, model: model, options: ReverseAttributionTests.options)

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

    private static func decode(
        _ model: LanguageModel, _ prompt: [Int], _ strategy: any DecodingStrategy
    ) async throws -> [GenerationStep] {
        let generation = try model.generate(
            model.prompt(tokens: prompt), strategy: strategy,
            limits: GenerationLimits(maximumTokens: 6, ignoresEndOfGeneration: true),
            options: Session.Options(contextLength: 128, threadCount: 1, cacheType: .float32))
        var steps: [GenerationStep] = []
        for try await step in generation { steps.append(step) }
        return steps
    }
}
