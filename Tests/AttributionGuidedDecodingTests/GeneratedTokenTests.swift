import Testing

@testable import AttributionGuidedDecoding
@testable import LaneEngine
@testable import TestFixtures

@Suite("Tokens that were chosen belong to the region by its share in them")
struct GeneratedTokenTests {
    private static let region = RegionOfInterest(tokens: [3: 1, 4: 2])
    private static let options = Session.Options(contextLength: 128, threadCount: 1, cacheType: .float32)

    private static func strategy() -> AttributionGuided {
        AttributionGuided(
            region: region, generated: .share, candidates: CandidateRule(minimumProbability: 0),
            entropyThreshold: nil)
    }

    private static func steps(
        _ model: LanguageModel, _ strategy: any DecodingStrategy, count: Int = 10
    ) async throws -> [GenerationStep] {
        let generation = try model.generate(
            model.prompt(tokens: Array(Oracle.load("llama").prompt)), strategy: strategy,
            limits: GenerationLimits(maximumTokens: count, ignoresEndOfGeneration: true), options: options)
        var steps: [GenerationStep] = []
        for try await step in generation { steps.append(step) }
        return steps
    }

    @Test("each step's scores are those of a region that holds the tokens before with their shares")
    func scores() async throws {
        let model = try Oracle.model("llama")
        let prompt = try Array(Oracle.load("llama").prompt)
        let steps = try await Self.steps(model, Self.strategy())
        var (region, tokens, differs) = (Self.region, prompt, false)
        for step in steps {
            let session = try InferenceSession(
                model, regions: [region, .allTokens, Self.region],
                options: .init(contextLength: 128, threadCount: 1, cacheType: .float32))
            let prediction = try session.append(tokens)
            let ids = step.choice.candidates.map(\.id)
            let relevance = session.relevance(of: ids, prediction)
            for (candidate, expected) in zip(step.choice.candidates, relevance[0]) {
                let score = try #require(candidate.score)
                #expect(abs(score - expected) <= 1e-4 * max(1, abs(expected)))
            }
            differs = differs || zip(relevance[0], relevance[2]).contains { abs($0 - $1) > 1e-3 * abs($1) }
            let chosen = session.relevance(of: [step.token], prediction).compactMap(\.first)
            region.tokens[tokens.count] = chosen[1] > 0 ? min(max(chosen[0] / chosen[1], 0), 1) : 0
            tokens.append(step.token)
        }
        #expect(differs)
    }

    @Test("so have tokens that somebody else chooses")
    func dictated() async throws {
        let model = try Oracle.model("llama")
        let adviser = Self.strategy()
        let steps = try await Self.steps(model, adviser)
        let dictated = try await Self.steps(model, Dictated(steps.map(\.token), adviser: adviser))
        for (step, other) in zip(steps, dictated) {
            #expect(step.choice.candidates.map(\.score) == other.choice.candidates.map(\.score))
        }
    }
}
