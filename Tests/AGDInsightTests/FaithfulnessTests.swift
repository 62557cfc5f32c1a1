import Foundation
import Testing

@testable import AGDInsight
@testable import AttributionGuidedDecoding
@testable import TestFixtures

@Suite("Taking things away")
struct AblationTests {
    private static func reading(_ ablation: ReverseAttribution.Ablation, _ variant: String = "llama") throws
        -> ReverseAttribution
    {
        try ReverseAttribution(
            Oracle.model(variant), tokens: Oracle.load(variant).prompt, ablating: ablation,
            options: Oracle.reverseOptions)
    }

    @Test("nothing taken away changes nothing", arguments: Oracle.variants)
    func nothing(variant: String) throws {
        let oracle = try Oracle.load(variant)
        let logits = try Self.reading(.init(), variant).logits(of: oracle.finalTargets)
        #expect(logits.distance(to: oracle.targets.map { oracle.logits[$0] }) < 1e-3)
    }

    @Test("without attention heads a prediction hangs on the last token alone", arguments: Oracle.variants)
    func allHeads(variant: String) throws {
        let oracle = try Oracle.load(variant)
        let configuration = try Oracle.model(variant).configuration
        let heads = (0..<configuration.layerCount).flatMap { layer in
            (0..<configuration.headCount).map { RegionOfInterest.Head(layer: layer, head: $0) }
        }
        let reading = try Self.reading(.init(heads: Set(heads)), variant)
        let attribution = try reading.attribute(oracle.finalTargets)[0]
        #expect(attribution.tokens.dropLast().allSatisfy { $0 == 0 })
        #expect(attribution.tokens.last != 0)
        let other = try Self.reading(.init(tokens: [0, 1, 2], heads: Set(heads)), variant)
        #expect(try other.logits(of: oracle.finalTargets) == reading.logits(of: oracle.finalTargets))
    }

    @Test("one head taken away leaves no relevance at its output's effect, and changes the logits")
    func oneHead() throws {
        let oracle = try Oracle.load("llama")
        let whole = try Self.reading(.init()).logits(of: oracle.finalTargets)
        let part = try Self.reading(.init(heads: [.init(layer: 0, head: 3)]))
        #expect(try part.logits(of: oracle.finalTargets).distance(to: whole) > 1e-4)
        let heads = try part.attribute(oracle.finalTargets)[0].heads[0].allPositions
        #expect(heads[3] == 0 && heads[2] != 0)
    }

    @Test("where relevance is the truth, the curves enclose the largest area that any order can")
    func curves() throws {
        let worth = [3.0, -1, 0.5, 2, -0.25, 0]
        func area(_ relevance: [Double]) throws -> Double {
            try AblationCurve(relevance, steps: 6) { gone in
                worth.indices.filter { !gone.contains($0) }.reduce(0) { $0 + worth[$1] }
            }.area
        }
        let best = try area(worth)
        #expect(best > 0)
        #expect(try abs(area(worth.map { -$0 }) + best) < 1e-12)
        var generator = SeededGenerator(seed: 1)
        for _ in 0..<50 { #expect(try area(worth.map { _ in generator.nextUniform() }) <= best) }
    }

    @Test("an interval encloses the mean, and closes where all items agree")
    func intervals() {
        let estimate = Estimate([1, 2, 3, 4, 5, 6, 7, 8])
        #expect(
            estimate.mean == 4.5 && estimate.low < 4.5 && estimate.high > 4.5 && estimate.low > 2 && estimate.high < 7)
        let same = Estimate([2, 2, 2])
        #expect(same.mean == 2 && same.low == 2 && same.high == 2)
    }
}

@Suite("agd verify")
struct VerificationTests {
    @Test("finds nothing wrong with models that agree with LXT", arguments: Oracle.variants)
    func passes(variant: String) throws {
        let prompt = try Oracle.load(variant).prompt
        let verification = try Verification(
            Oracle.model(variant), [prompt, Array(prompt.reversed())], options: Oracle.reverseOptions)
        #expect(verification.passed)
        #expect(verification.adjointErrors.count == PropagationRule.all.count)
        let same = try #require(verification.checks.first { $0.name == "same choice by both" })
        #expect(same.value == 1)
    }
}
