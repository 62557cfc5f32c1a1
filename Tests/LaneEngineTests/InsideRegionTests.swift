import Foundation
import Testing

@testable import LaneEngine
@testable import TestFixtures

/// What HuggingFace and LXT compute for neurons and directions, made by `Tools/oracle/inside.py`.
private struct InsideOracle: Decodable {
    struct Rule: Decodable {
        /// For each target.
        var neurons, layers, directions: [[Double]]
    }
    /// `[layer, index]`.
    var neurons: [[Int]]
    var directionLayers: [Int]
    var rules: [String: Rule]

    static func load(_ variant: String) throws -> InsideOracle {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        let data = try Data(contentsOf: Oracle.directory.appending(path: "inside.json"))
        let all = try decoder.decode([String: InsideOracle].self, from: data)
        return try #require(all[variant])
    }

    static func rule(_ name: String) throws -> PropagationRule { name == "relp" ? .relP : try Oracle.rule(name) }
    static let rules = ["attnlrp", "cp_lrp", "ixg", "relp"]

    var parts: [RegionOfInterest.Neuron] { neurons.map { .init(layer: $0[0], index: $0[1]) } }

    func directions(width: Int) -> [RegionOfInterest.Direction] {
        directionLayers.enumerated().map { k, layer in
            .init(layer: layer, vector: (0..<width).map { Float(sin(1 + 0.7 * Double($0) * Double(k + 1))) })
        }
    }
}

@Suite("Neurons and directions as regions")
struct InsideRegionTests {
    @Test(
        "reverse mode reads the relevance that HuggingFace and LXT give them, for every target and rule",
        arguments: Oracle.variants, InsideOracle.rules)
    func reverse(variant: String, ruleName: String) throws {
        let (oracle, inside) = (try Oracle.load(variant), try InsideOracle.load(variant))
        let expected = try #require(inside.rules[ruleName])
        let model = try Oracle.model(variant)
        let directions = inside.directions(width: model.configuration.embeddingLength)
        let reading = try ReverseAttribution(model, tokens: oracle.prompt, options: Oracle.reverseOptions)

        let attributions = try reading.attribute(
            oracle.finalTargets, rule: InsideOracle.rule(ruleName),
            inside: .init(hasNeurons: true, directions: Set(directions)))

        for (index, attribution) in attributions.enumerated() {
            let neurons = inside.parts.map { attribution.neurons[$0.layer][$0.index] }
            let largest = attribution.neurons.joined().map { abs($0) }.max() ?? 0
            #expect(neurons.distance(to: expected.neurons[index]) < 1e-4 * max(largest, 1e-3))
            if !inside.neurons.isEmpty {
                let sums = attribution.neurons.map { $0.reduce(0, +) }
                // Where a norm with its derivative follows, a layer's neurons add up to nothing.
                #expect(sums.distance(to: expected.layers[index]) < 1e-4 * max(largest, sums.largestMagnitude))
            }
            let along = directions.map { attribution.directions[$0] ?? .nan }
            #expect(along.distance(to: expected.directions[index]) < 1e-4 * max(along.largestMagnitude, 1e-3))
        }
    }

    @Test(
        "forward mode's lanes carry it: one for neurons, one for directions, one for both mixed with a span and heads",
        arguments: Oracle.variants.flatMap { [($0, true), ($0, false)] }, InsideOracle.rules)
    func forward(variant: (name: String, fused: Bool), ruleName: String) throws {
        let (oracle, inside) = (try Oracle.load(variant.name), try InsideOracle.load(variant.name))
        let expected = try #require(inside.rules[ruleName])
        let model = try Oracle.model(variant.name)
        var options = Oracle.float32(fused: variant.fused)
        options.rule = try InsideOracle.rule(ruleName)
        let weights = (0..<inside.neurons.count).map { $0 % 3 == 0 ? -0.5 : 1 + Double($0) }
        let neurons = RegionOfInterest(
            neurons: Dictionary(zip(inside.parts, weights), uniquingKeysWith: +))
        let directions = RegionOfInterest(
            directions: Dictionary(
                zip(inside.directions(width: model.configuration.embeddingLength), [1, -2, 0.5]),
                uniquingKeysWith: +))
        let others = Oracle.span.union(try oracle.region("heads"))
        let mixed = neurons.union(directions).union(others)
        let session = try InferenceSession(
            model, regions: [neurons, directions, mixed, others], options: options)

        let prediction = try session.append(oracle.prompt, output: .allScores)

        let scores = try #require(prediction.scores).map { row in oracle.targets.map { Double(row[$0]) } }
        let neuronScores = expected.neurons.map { zip($0, weights).reduce(0) { $0 + $1.0 * $1.1 } }
        let directionScores = expected.directions.map { zip($0, [1, -2, 0.5]).reduce(0) { $0 + $1.0 * $1.1 } }
        let scale = max(scores.joined().map { abs($0) }.max() ?? 0, 1e-3)
        #expect(scores[0].distance(to: neuronScores) < 1e-4 * scale)
        #expect(scores[1].distance(to: directionScores) < 1e-4 * scale)
        let sum = zip(zip(neuronScores, directionScores), scores[3]).map { $0.0 + $0.1 + $1 }
        #expect(scores[2].distance(to: sum) < 1e-4 * scale)
    }

    @Test(
        "both modes are each other's transpose where regions begin", arguments: Oracle.variants, PropagationRule.all)
    func adjointIdentity(variant: String, rule: PropagationRule) throws {
        let oracle = try Oracle.load(variant)
        let reading = try ReverseAttribution(
            Oracle.model(variant), tokens: oracle.prompt, options: Oracle.reverseOptions)
        for fused in [true, false] {
            let errors = try reading.regionErrors(rule: rule, fused: fused)
            #expect(errors.count == reading.model.configuration.layerCount)
            #expect(errors.allSatisfy { $0 < 1e-4 })
        }
    }

    @Test("token by token, in chunks or at once: the same scores, and the model's own logits")
    func chunks() throws {
        let (oracle, inside) = (try Oracle.load("qwen2"), try InsideOracle.load("qwen2"))
        let model = try Oracle.model("qwen2")
        let region = RegionOfInterest(
            neurons: Dictionary(inside.parts.map { ($0, 1) }, uniquingKeysWith: +),
            directions: [inside.directions(width: model.configuration.embeddingLength)[1]: 1])
        let session = try InferenceSession(model, regions: [region], options: Oracle.float32)
        for token in oracle.prompt.dropLast() { _ = try session.append([token]) }
        let stepwise = try session.append([oracle.prompt[oracle.prompt.count - 1]], output: .allScores)
        let once = try InferenceSession(model, regions: [region], options: Oracle.float32)
            .append(oracle.prompt, output: .allScores)
        let alone = try InferenceSession(model, regions: [], options: Oracle.float32).append(oracle.prompt)
        let (a, b) = (try #require(once.scores)[0].map(Double.init), try #require(stepwise.scores)[0].map(Double.init))
        #expect(a.distance(to: b) < 1e-4 * a.largestMagnitude)
        #expect(alone.logits == once.logits)
    }

    @Test("a graph of sequences without such regions is what it was, and marks only the places of those with some")
    func places() throws {
        let model = try Oracle.model("llama")
        let region = RegionOfInterest(
            neurons: [.init(layer: 1, index: 3): 1],
            directions: [.init(layer: 0, vector: .init(repeating: 1, count: model.configuration.embeddingLength)): 1])
        let session = try InferenceSession(model, regions: [region], options: Oracle.float32)
        #expect(
            session.memory.regions.places == [
                .init(layer: 1, kind: .neurons), .init(layer: 0, kind: .residualStream),
            ])
        let tokens = try InferenceSession(model, regions: [Oracle.span], options: Oracle.float32)
        #expect(tokens.memory.regions.places.isEmpty)
    }
}

@Suite("Ablation inside the model")
struct AblationTests {
    @Test("a neuron at zero changes the logits as a zero row of the last matrix would; one at zero already, not at all")
    func zero() throws {
        let oracle = try Oracle.load("llama")
        let model = try Oracle.model("llama")
        func logits(_ ablation: ReverseAttribution.Ablation) throws -> [Double] {
            try ReverseAttribution(
                model, tokens: oracle.prompt, ablating: ablation, options: Oracle.reverseOptions
            ).logits(of: oracle.finalTargets)
        }
        let whole = try logits(.init())
        let all = Set(
            (0..<model.configuration.layerCount).flatMap { layer in
                (0..<model.neuronCount(layer: layer)).map { RegionOfInterest.Neuron(layer: layer, index: $0) }
            })
        #expect(try logits(.init(neurons: [.init(layer: 0, index: 5)])).distance(to: whole) > 1e-6)
        #expect(try logits(.init(neurons: all)).distance(to: whole) > 1e-2)
        // Without neurons the rest of the model is linear in nothing of theirs: their relevance is gone too.
        let without = try ReverseAttribution(
            model, tokens: oracle.prompt, ablating: .init(neurons: all), options: Oracle.reverseOptions)
        let attribution = try without.attribute(oracle.finalTargets, inside: .init(hasNeurons: true))[0]
        #expect(attribution.neurons.joined().allSatisfy { $0 == 0 })
    }

    @Test("parts at the means of a sequence of one repeated token, which all positions share, change nothing")
    func means() throws {
        let model = try Oracle.model("llama31")
        // Behind the first position of a sequence all of whose tokens are equal every position sees the same.
        let tokens = Array(repeating: 7, count: 6)
        let reading = try ReverseAttribution(model, tokens: tokens, options: Oracle.reverseOptions)
        let means = try reading.means()
        let ablation = ReverseAttribution.Ablation(
            heads: [.init(layer: 0, head: 1)], neurons: [.init(layer: 0, index: 2), .init(layer: 1, index: 9)],
            means: means)
        let target = [AttributionTarget(token: 5, position: 5)]
        let ablated = try ReverseAttribution(
            model, tokens: tokens, ablating: ablation, options: Oracle.reverseOptions
        ).logits(of: target)
        #expect(abs(try reading.logits(of: target)[0] - ablated[0]) < 1e-4)
        var zero = ablation
        zero.means = nil
        let zeroed = try ReverseAttribution(
            model, tokens: tokens, ablating: zero, options: Oracle.reverseOptions
        ).logits(of: target)
        #expect(abs(zeroed[0] - ablated[0]) > 1e-5)
    }
}
