import Foundation
import Testing

@testable import LaneEngine
@testable import TestFixtures

@Suite("Attention is drawn to positions, or turned away from them, as in HuggingFace's model with its weights changed")
struct InterventionTests {
    private static func session(
        _ model: LanguageModel, under intervention: Intervention, regions: [RegionOfInterest] = [],
        rule: PropagationRule = .attnLRP, fused: Bool
    ) throws -> InferenceSession {
        try InferenceSession(
            model, regions: regions, intervention: intervention,
            options: .init(
                contextLength: 128, threadCount: 2, cacheType: .float32, rule: rule, fusesOperations: fused))
    }

    private static func distance(_ logits: [Float], _ expected: [Double]) -> Double {
        logits.map(Double.init).distance(to: expected)
    }

    @Test(
        "weights times a number, normalised again, for a prompt read at once or in pieces",
        arguments: InterventionOracle.variants, [true, false])
    func multipliers(variant: String, fused: Bool) throws {
        let (oracle, model) = (try InterventionOracle.load(variant), try Oracle.model(variant))
        for boost in oracle.instaboost {
            let intervention = InterventionOracle.boost(boost.positions, by: boost.multiplier)
            let whole = try Self.session(model, under: intervention, fused: fused).append(oracle.prompt)
            #expect(Self.distance(whole.logits, boost.logits) < 1e-3, "times \(boost.multiplier)")
            let pieces = try Self.session(model, under: intervention, fused: fused)
            for token in oracle.prompt.dropLast(7) { _ = try pieces.append([token]) }
            let last = try pieces.append(Array(oracle.prompt.suffix(7)))
            #expect(Self.distance(last.logits, boost.logits) < 1e-3, "times \(boost.multiplier), in pieces")
        }
    }

    @Test(
        "positions that are hidden from those behind them, the very first ones too, might hold any other tokens",
        arguments: InterventionOracle.variants, [true, false])
    func hiding(variant: String, fused: Bool) throws {
        let (oracle, model) = (try InterventionOracle.load(variant), try Oracle.model(variant))
        for hidden in oracle.hidden {
            var prompt = oracle.prompt
            for _ in 0..<2 {
                let session = try Self.session(model, under: .hiding(hidden.positions), fused: fused)
                #expect(Self.distance(try session.append(prompt).logits, hidden.logits) < 1e-3)
                for position in hidden.positions { prompt[position] = (prompt[position] + 91) % 256 }
            }
        }
    }

    @Test(
        "tangents are those of the changed computation: input times gradient, by autograd",
        arguments: InterventionOracle.variants, [true, false])
    func lanes(variant: String, fused: Bool) throws {
        let (oracle, model) = (try InterventionOracle.load(variant), try Oracle.model(variant))
        let lanes = oracle.lanes
        let session = try Self.session(
            model, under: InterventionOracle.boost(lanes.positions, by: lanes.multiplier),
            regions: [RegionOfInterest(tokens: Dictionary(uniqueKeysWithValues: lanes.region.map { ($0, 1) }))],
            rule: .inputTimesGradient, fused: fused)
        let prediction = try session.append(oracle.prompt)
        let relevance = session.relevance(of: lanes.targets, prediction)[0]
        #expect(relevance.distance(to: lanes.relevance) < 1e-3 * lanes.relevance.largestMagnitude)
    }

    @Test(
        "vectors are added to the residual stream behind layers, the last one too",
        arguments: InterventionOracle.variants, [true, false])
    func additions(variant: String, fused: Bool) throws {
        let (oracle, model) = (try InterventionOracle.load(variant), try Oracle.model(variant))
        for control in oracle.control {
            let vectors = control.layers.enumerated().map { index, layer in
                (
                    layer,
                    InterventionOracle.direction(index, model.configuration.embeddingLength).map {
                        Float(control.scale) * $0
                    }
                )
            }
            let intervention = Intervention(residualStream: Dictionary(uniqueKeysWithValues: vectors))
            for regions in [[], [Oracle.span]] {
                let session = try Self.session(model, under: intervention, regions: regions, fused: fused)
                #expect(Self.distance(try session.append(oracle.prompt).logits, control.logits) < 1e-3)
                // Caches without the vectors can't serve, nor the other way round.
                #expect(!session.adopt(regions, rule: .attnLRP, tokens: oracle.prompt))
            }
        }
    }

    @Test("a token that is read again under scaled keys leaves no trace", arguments: [true, false])
    func rereading(fused: Bool) throws {
        let (oracle, model) = (try InterventionOracle.load("gemma3"), try Oracle.model("gemma3"))
        let scaling = KeyScaling(factors: [3: 50, 4: 50], layers: [0, 2, 5])
        for regions in [[], [Oracle.span]] {
            let plain = try Self.session(model, under: .none, regions: regions, fused: fused)
            let tried = try Self.session(model, under: .none, regions: regions, fused: fused)
            _ = try plain.append(oracle.prompt)
            let before = try tried.append(oracle.prompt)
            let again = try tried.reread(under: scaling, observesAttention: true)
            let otherwise = try Self.session(model, under: .none, regions: regions, fused: !fused)
            _ = try otherwise.append(oracle.prompt)
            #expect(
                try Self.distance(again.logits, otherwise.reread(under: scaling).logits.map(Double.init)) < 1e-3)
            #expect(Self.distance(again.logits, before.logits.map(Double.init)) > 1e-2)
            #expect(again.attention.map(\.layer) == Array(0..<model.configuration.layerCount))
            let same = try tried.reread(under: KeyScaling(factors: [:], layers: []))
            #expect(Self.distance(same.logits, before.logits.map(Double.init)) < 1e-4)
            #expect(tried.contents.tokens.count == oracle.prompt.count - 1)
            for tokens in [[7], [9, 2]] {
                let (a, b) = (try plain.append(tokens), try tried.append(tokens))
                #expect(Self.distance(b.logits, a.logits.map(Double.init)) < 1e-4)
                #expect(
                    plain.relevance(of: [1, 2], a).elementsEqual(tried.relevance(of: [1, 2], b)) {
                        $0.distance(to: $1) < 1e-4
                    })
                _ = try tried.reread(under: scaling)
            }
        }
    }

    @Test(
        "a cached prompt is kept as far as the intervention is the same, and read again from there on")
    func caches() throws {
        let (oracle, model) = (try InterventionOracle.load("llama"), try Oracle.model("llama"))
        let boost = oracle.instaboost[0]
        let intervention = InterventionOracle.boost(boost.positions, by: boost.multiplier)
        let first = try #require(boost.positions.min())
        let session = try Self.session(model, under: .none, fused: true)
        let plain = try session.append(oracle.prompt).logits
        func again(_ intervention: Intervention, keeping count: Int) throws -> [Float] {
            #expect(session.adopt([], rule: .attnLRP, intervention: intervention, tokens: oracle.prompt))
            #expect(session.tokens.count == count)
            return try session.append(Array(oracle.prompt[count...])).logits
        }
        #expect(Self.distance(try again(intervention, keeping: first), boost.logits) < 1e-3)
        #expect(Self.distance(try again(intervention, keeping: oracle.prompt.count - 1), boost.logits) < 1e-3)
        #expect(Self.distance(try again(.none, keeping: first), plain.map(Double.init)) < 1e-4)
    }
}
