import Foundation
import Testing

@testable import AttributionGuidedDecoding
@testable import LaneEngine
@testable import TestFixtures

@Suite("Strategies choose as they say")
struct StrategyTests {
    private func distribution(_ logits: [Float]) -> Distribution {
        let weights = logits.map { exp(Double($0)) }
        let sum = weights.reduce(0, +)
        return Distribution(logits: logits, probabilities: weights.map { Float($0 / sum) })
    }
    private func context(_ logits: [Float], _ relevance: [[Double]]) -> DecodingContext {
        DecodingContext(distribution: distribution(logits)) { tokens in relevance.map { row in tokens.map { row[$0] } }
        }
    }
    private static let region = RegionOfInterest(tokens: [0: 1])

    @Test("entropy is that of the distribution, in nats")
    func entropy() {
        #expect(abs(distribution([0, 0, 0, 0]).entropy - log(4)) < 1e-6)
        #expect(distribution([100, 0, 0]).entropy < 1e-6)
        let logits: [Float] = [1, 0.5, -1, 2, 0, 0.1, 0.2]
        let p = distribution(logits).probabilities.map(Double.init)
        #expect(abs(distribution(logits).entropy + p.reduce(0) { $0 + $1 * log($1) }) < 1e-6)
    }

    @Test("the most probable tokens come in order, the smaller id first among equals")
    func mostProbable() {
        #expect(distribution([1, 3, 2, 3, 0]).mostProbable(3) == [1, 3, 2])
        #expect(distribution([1, 3, 2, 3, 0]).mostProbable(0) == [])
        #expect(distribution([1, 2]).mostProbable(5) == [1, 0])
    }

    @Test("the candidate with the largest score wins, though it is not the most probable")
    func agdChoosesByScore() throws {
        var strategy = AttributionGuided(region: Self.region, entropyThreshold: nil)
        let choice = try strategy.choose(context([2, 1.9, 1.8, -9], [[0.1, 0.3, 0.2, 99]]))
        #expect(choice.token == 1)
        #expect(choice.guided)
        #expect(choice.candidates.map(\.id) == [0, 1, 2])
        #expect(choice.candidates.map(\.score) == [0.1, 0.3, 0.2])
    }

    @Test("below the threshold the gate is shut and relevance is not asked for")
    func gate() throws {
        var strategy = AttributionGuided(region: Self.region, entropyThreshold: 1)
        let certain = DecodingContext(distribution: distribution([9, 1, 1])) { _ in
            Issue.record("relevance was asked for")
            return []
        }
        let choice = try strategy.choose(certain)
        #expect(choice.token == 0)
        #expect(!choice.guided)
        #expect(choice.candidates.allSatisfy { $0.score == nil })
        #expect(try strategy.choose(context([1, 1, 1], [[0, 2, 1]])).token == 1)
    }

    @Test("one candidate is greedy; none is the most probable token")
    func fewCandidates() throws {
        var strategy = AttributionGuided(region: Self.region, entropyThreshold: nil)
        #expect(try strategy.choose(context([9, 1, 1], [[-5, 2, 1]])).token == 0)
        let flat = [Float](repeating: 0, count: 100)
        #expect(try strategy.choose(context(flat, [(0..<100).map(Double.init)])).token == 0)
    }

    @Test("the excess score is what a token gets beyond the region's usual share of all relevance")
    func excess() throws {
        // Equal probabilities; the region has 2 of 5 and 2 of 3: its usual share is 4 / 8.
        var strategy = AttributionGuided(region: Self.region, score: .excess, entropyThreshold: nil)
        let choice = try strategy.choose(context([0, 0], [[2, 2], [5, 3]]))
        #expect(choice.candidates.map(\.score) == [-0.5, 0.5])
        #expect(choice.candidates.map(\.total) == [5, 3])
        #expect(choice.token == 1)
    }

    @Test("a region with the same share of every token says nothing in excess, whatever the sum says")
    func excessOfConstantShare() throws {
        let relevance = [[3.0, 2, 1], [6.0, 4, 2]]
        var excess = AttributionGuided(region: Self.region, score: .excess, entropyThreshold: nil)
        let scores = try excess.choose(context([0, 0, 0], relevance)).candidates.compactMap(\.score)
        #expect(scores.allSatisfy { abs($0) < 1e-12 })
    }

    /// A context in which a second prompt is followed by `without`.
    private func contrast(_ with: [Float], _ without: [Float]) -> DecodingContext {
        DecodingContext(distribution: distribution(with), companions: [distribution(without)]) { _ in [] }
    }

    @Test("AdaCAD's alpha is the divergence in nats: none of equals, log 2 of strangers")
    func divergence() throws {
        let equal = try PromptContrast(contrast([1, 2, 0], [1, 2, 0]), for: "adacad")
        #expect(abs(equal.divergence) < 1e-9)
        let strangers = try PromptContrast(contrast([100, 0], [0, 100]), for: "adacad")
        #expect(abs(strangers.divergence - log(2)) < 1e-6)
        #expect(throws: GenerationError.self) { try PromptContrast(context([1], []), for: "adacad") }
    }

    @Test("CoCoA makes a token less likely by its share of the reply")
    func cocoaHistory() throws {
        let model = try Oracle.model("llama")
        var strategy = ConfidenceContextAware(without: try model.prompt(tokens: [1]))
        // The region changes nothing, so that the likeliest is taken. Said once, it is all of the reply and loses log 2,
        // which is more than it is ahead by; then each is half of the reply.
        var tokens: [Int] = []
        for _ in 0..<3 { tokens.append(try strategy.choose(contrast([0.5, 0], [0.5, 0])).token) }
        #expect(tokens == [0, 1, 0])
    }

    @Test("the control takes a candidate where guidance would choose, and the likeliest elsewhere")
    func unguidedCandidate() {
        func open() -> DecodingContext { context([2, 1.9, 1.8, -9], []) }
        var second = UnguidedCandidate(.second, entropyThreshold: 1)
        #expect(second.choose(open()).token == 1)
        let choice = second.choose(context([9, 1, 1, 1], []))
        #expect(choice.token == 0 && !choice.guided)
        var random = UnguidedCandidate(entropyThreshold: 1, seed: 5)
        var counts = [0, 0, 0, 0]
        for _ in 0..<20_000 { counts[random.choose(open()).token] += 1 }
        let weights = [2, 1.9, 1.8].map { exp($0) }
        for (count, weight) in zip(counts, weights) {
            #expect(abs(Double(count) / 20_000 - weight / weights.reduce(0, +)) < 0.015)
        }
        #expect(counts[3] == 0)
    }

    @Test("samples follow the cut distribution", arguments: [0.7, 1.0, 1.5])
    func samplingFrequencies(temperature: Double) {
        var options = Sampling.Options()
        options.temperature = temperature
        options.topK = 3
        options.topP = 1
        options.minP = 0
        options.seed = 7
        var sampling = Sampling(options)
        let logits: [Float] = [1, 0, 2, -1, -2]
        var counts = [0, 0, 0, 0, 0]
        for _ in 0..<20_000 { counts[sampling.choose(context(logits, [])).token] += 1 }
        let weights = [0, 1, 2].map { exp(Double(logits[$0]) / temperature) }
        for token in 0..<3 {
            let expected = weights[token] / weights.reduce(0, +)
            #expect(abs(Double(counts[token]) / 20_000 - expected) < 0.015)
        }
        #expect(counts[3] == 0 && counts[4] == 0)
    }

    @Test("cuts keep what they promise")
    func samplingCuts() {
        func kept(_ change: (inout Sampling.Options) -> Void) -> [Int] {
            var options = Sampling.Options()
            (options.topK, options.topP, options.minP) = (0, 1, 0)
            change(&options)
            // Probabilities 0.5, 0.3, 0.15, 0.05.
            return Sampling(options).likelyTokens(distribution([0.5, 0.3, 0.15, 0.05].map { Float(log($0)) }))
        }
        #expect(kept { _ in } == [0, 1, 2, 3])
        #expect(kept { $0.topK = 2 } == [0, 1])
        #expect(kept { $0.topP = 0.7 } == [0, 1])
        #expect(kept { $0.minP = 0.25 } == [0, 1, 2])
    }

    @Test("the same seed gives the same tokens, temperature 0 the most probable one")
    func seeds() {
        var options = Sampling.Options()
        options.seed = 3
        var (a, b) = (Sampling(options), Sampling(options))
        let logits = (0..<50).map { Float($0 % 7) }
        for _ in 0..<100 { #expect(a.choose(context(logits, [])).token == b.choose(context(logits, [])).token) }
        options.temperature = 0
        var cold = Sampling(options)
        #expect(cold.choose(context(logits, [])).token == 6)
    }
}
