import Foundation
import Testing

@testable import AGDInsight
@testable import AttributionGuidedDecoding
@testable import TestFixtures

@Suite("The signal of prohibitions over many prompts")
struct ProhibitionTests {
    private static func model() throws -> LanguageModel { try LanguageModel(path: Repository.model) }

    private static func items(_ ids: ClosedRange<Int>) throws -> [ProhibitionItem] {
        Array(try ProhibitionItem.read(path: Repository.conflicts, limit: ids.upperBound)[(ids.lowerBound - 1)...])
    }

    @Test("a comparison is means, their difference, and how often the forbidden word's is the lower")
    func comparison() {
        let comparison = Prohibition.Comparison([(1, 2), (5, 2), (-3, 0), (1, 4)])
        #expect(comparison.forbidden.mean == 1 && comparison.others.mean == 2)
        #expect(comparison.difference.mean == -1 && comparison.lower.mean == 0.75)
        #expect(comparison.difference.low < -1 && comparison.difference.high > -1)
    }

    @Test("a word goes on where it has begun, also as the first word and with a capital")
    func continuations() throws {
        let tokenizer = try #require(try Self.model().tokenizer)
        let words = try ForbiddenWords(["qwertz"], tokenizer)
        for (text, word) in [("I say", " qwertz"), ("", "qwertz"), ("", "Qwertz")] {
            let (before, tokens) = (try tokenizer.tokenize(text), try tokenizer.tokenize(word))
            #expect(tokens.count > 1)
            for (index, token) in tokens.enumerated() {
                #expect(words.continuations(of: before + tokens.prefix(index)).contains(token))
            }
        }
        let last = try #require(try tokenizer.tokenize(" qwertz").last)
        #expect(!words.continuations(of: try tokenizer.tokenize("I say")).contains(last))
    }

    @Test("it is the contrast of the steps at which a forbidden word is one of several candidates")
    func agreesWithContrast() async throws {
        let (model, options) = (try Self.model(), Oracle.reverseOptions)
        let items = try Self.items(1...6)

        let prohibition = try await Prohibition(model, items, options: options)

        var pairs: [(forbidden: Double, others: Double)] = []
        for item in items {
            let (prompt, region) = try item.prompt.resolve(model, regions: [])
            var steps: [GenerationStep] = []
            let generation = try model.generate(
                prompt, strategy: Greedy(), limits: GenerationLimits(maximumTokens: 64),
                options: .init(contextLength: 256, threadCount: 1, cacheType: .float32))
            for try await step in generation { steps.append(step) }
            let contrast = try Contrast(
                steps, after: prompt, region: region, rule: .attnLRP, model: model, options: options)
            // Microcosm's words are a token each, so that their texts name them.
            let named = contrast.steps.first { step in
                step.candidates.contains { item.forbidden.contains($0.text.trimmingCharacters(in: .whitespaces)) }
            }
            guard let named else { continue }
            let isForbidden = named.candidates.map {
                item.forbidden.contains($0.text.trimmingCharacters(in: .whitespaces))
            }
            let relevances = named.candidates.map(\.relevance)
            let others = zip(relevances, isForbidden).filter { !$0.1 }.map(\.0)
            let forbidden = try #require(zip(relevances, isForbidden).first { $0.1 }).0
            pairs.append((forbidden, others.reduce(0, +) / Double(others.count)))
        }
        #expect(prohibition.promptCount == 6 && prohibition.stepCount == pairs.count && pairs.count > 1)
        let expected = Prohibition.Comparison(pairs)
        #expect(abs(prohibition.relevance.forbidden.mean - expected.forbidden.mean) < 1e-4)
        #expect(abs(prohibition.relevance.others.mean - expected.others.mean) < 1e-4)
        #expect(prohibition.relevance.lower.mean == expected.lower.mean)
    }

    @Test("what enters the first layer is the score, and after the last nothing is left at the region")
    func layers() async throws {
        let prohibition = try await Prohibition(
            Self.model(), Self.items(1...2), options: Oracle.reverseOptions)
        #expect(prohibition.layers.count == 5)
        #expect(abs(prohibition.layers[0].forbidden.mean - prohibition.relevance.forbidden.mean) < 1e-9)
        #expect(prohibition.layers[4].forbidden.mean == 0)
    }

    @Test("prompts without a region, and words that never are candidates, are errors that say so")
    func unusable() async throws {
        var item = try Self.items(1...1)[0]
        item.forbidden = ["qwertz"]
        let absent = try await #require(throws: ItemError.self) { try await Prohibition(Self.model(), [item]) }
        #expect(absent.description.contains("never one of several candidates"))
        item.prompt.region = nil
        let nowhere = try await #require(throws: ItemError.self) { try await Prohibition(Self.model(), [item]) }
        #expect(nowhere.description.contains("item 1 has no region"))
    }
}
