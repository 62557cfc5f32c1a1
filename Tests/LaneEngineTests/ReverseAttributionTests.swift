import CLlama
import Foundation
import Testing

@testable import LaneEngine
@testable import TestFixtures

@Suite("Reverse mode agrees with HuggingFace and LXT")
struct ReverseAttributionTests {
    static let rules = ["attnlrp", "cp_lrp", "ixg"]

    @Test("the relevance of every token for every target, all targets at once", arguments: Oracle.variants, rules)
    func tokens(variant: String, ruleName: String) throws {
        let oracle = try Oracle.load(variant)
        let rule = try #require(oracle.rules[ruleName])
        let reading = try ReverseAttribution(
            Oracle.model(variant), tokens: oracle.prompt, options: Oracle.reverseOptions)

        let attributions = try reading.attribute(oracle.finalTargets, rule: Oracle.rule(ruleName))

        for (attribution, expected) in zip(attributions, rule.relevance) {
            #expect(attribution.tokens.distance(to: expected) < 1e-4 * rule.scale)
            #expect(abs(attribution.logit - oracle.logits[attribution.target.token]) < 1e-3)
        }
    }

    @Test("the relevance of every attention head", arguments: Oracle.variants, rules)
    func heads(variant: String, ruleName: String) throws {
        let oracle = try Oracle.load(variant)
        let expected = try #require(oracle.rules[ruleName]).heads
        let reading = try ReverseAttribution(
            Oracle.model(variant), tokens: oracle.prompt, options: Oracle.reverseOptions)
        let target = AttributionTarget(token: expected.target, position: oracle.prompt.count - 1)

        let heads = try reading.attribute([target], rule: Oracle.rule(ruleName))[0].heads

        let (all, last) = (expected.allPositions.flatMap { $0 }, expected.lastPosition.flatMap { $0 })
        #expect(heads.flatMap(\.allPositions).distance(to: all) < 1e-4 * all.largestMagnitude)
        #expect(heads.flatMap(\.lastPosition).distance(to: last) < 1e-4 * last.largestMagnitude)
    }

    @Test("one pass back for a weighted sum of logits is the sum of LXT's", arguments: Oracle.variants, rules)
    func sums(variant: String, ruleName: String) throws {
        let oracle = try Oracle.load(variant)
        let rule = try #require(oracle.rules[ruleName])
        let reading = try ReverseAttribution(
            Oracle.model(variant), tokens: oracle.prompt, options: Oracle.reverseOptions)
        let weights = oracle.finalTargets.indices.map { [1, -0.5, 2, 0.25, 3][$0 % 5] }
        let sum = Dictionary(uniqueKeysWithValues: zip(oracle.finalTargets, weights))

        let relevance = try reading.relevance(ofSums: [sum], rule: Oracle.rule(ruleName))[0]

        let expected = oracle.prompt.indices.map { position in
            zip(rule.relevance, weights).reduce(0) { $0 + $1.1 * $1.0[position] }
        }
        #expect(relevance.distance(to: expected) < 1e-4 * weights.map(abs).reduce(0, +) * rule.scale)
    }
}

@Suite("Attention weights, which relevance is compared with, are HuggingFace's")
struct AttentionWeightTests {
    private struct Golden: Decodable {
        var queries: Int
        var attention: [Double]
    }

    @Test("meaned over layers, heads and the last tokens", arguments: ["llama", "llama31", "qwen2", "qwen3", "gemma3"])
    func means(variant: String) throws {
        let data = try Data(contentsOf: Oracle.directory.appending(path: "attention.json"))
        let golden = try #require(try JSONDecoder().decode([String: Golden].self, from: data)[variant])
        let prompt = try Oracle.load(variant).prompt
        let reading = try ReverseAttribution(Oracle.model(variant), tokens: prompt, options: Oracle.reverseOptions)

        let attention = try reading.attention(of: prompt.count - golden.queries..<prompt.count)

        #expect(attention.distance(to: golden.attention) < 1e-5)
        #expect(abs(attention.reduce(0, +) - 1) < 1e-5)
        let first = try reading.attention(of: 0..<1)
        #expect(abs(first[0] - 1) < 1e-6 && first.dropFirst().allSatisfy { $0 == 0 })
    }
}

@Suite("Reverse mode keeps its own accounts")
struct ReverseAccountsTests {
    @Test(
        "forward and reverse mode are each other's transpose at every layer", arguments: Oracle.variants,
        PropagationRule.all)
    func adjointIdentity(variant: String, rule: PropagationRule) throws {
        let oracle = try Oracle.load(variant)
        let reading = try ReverseAttribution(
            Oracle.model(variant), tokens: oracle.prompt, options: Oracle.reverseOptions)
        for (seed, fused) in [(0, true), (1, true), (2, false), (3, false)] as [(UInt64, Bool)] {
            let errors = try reading.adjointErrors(rule: rule, fused: fused, seed: seed)
            #expect(errors.count == reading.model.configuration.layerCount)
            #expect(errors.allSatisfy { $0 < 1e-4 })
        }
    }

    @Test("each token of a completion has its own target, and nothing after a target's position is relevant to it")
    func completion() throws {
        let oracle = try Oracle.load("gemma3")
        let reading = try ReverseAttribution(
            Oracle.model("gemma3"), tokens: oracle.prompt, options: Oracle.reverseOptions)
        let positions = [9, 20, oracle.prompt.count - 2]
        let targets = positions.map { AttributionTarget(token: oracle.prompt[$0 + 1], position: $0) }

        let attributions = try reading.attribute(targets)

        for (attribution, target) in zip(attributions, targets) {
            let prefix = try ReverseAttribution(
                Oracle.model("gemma3"), tokens: Array(oracle.prompt[...target.position]),
                options: Oracle.reverseOptions)
            let alone = try prefix.attribute([target])[0]
            #expect(attribution.tokens[(target.position + 1)...].allSatisfy { $0 == 0 })
            #expect(
                Array(attribution.tokens[...target.position]).distance(to: alone.tokens) < 1e-4
                    * alone.tokens.largestMagnitude)
            #expect(abs(attribution.logit - alone.logit) < 1e-3)
        }
    }

    @Test(
        "one pass back for some tokens of a completion is the sum of theirs, beside that for others",
        arguments: Oracle.variants)
    func sums(variant: String) throws {
        let oracle = try Oracle.load(variant)
        let reading = try ReverseAttribution(
            Oracle.model(variant), tokens: oracle.prompt, options: Oracle.reverseOptions)
        let sentences = [[8, 9, 10, 11], [12, 13], [oracle.prompt.count - 2]].map { positions in
            positions.map { AttributionTarget(token: oracle.prompt[$0 + 1], position: $0) }
        }

        let together = try reading.relevance(
            ofSums: sentences.map { Dictionary(uniqueKeysWithValues: $0.map { ($0, 1) }) })

        for (relevance, targets) in zip(together, sentences) {
            let alone = try reading.attribute(targets).map(\.tokens)
            let sum = oracle.prompt.indices.map { position in alone.reduce(0) { $0 + $1[position] } }
            #expect(relevance.distance(to: sum) < 1e-5 * alone.joined().map(abs).reduce(0, max) * Double(targets.count))
        }
    }

    @Test("positive relevance of a head is not negative, and not less than its relevance", arguments: Oracle.variants)
    func positivePart(variant: String) throws {
        let oracle = try Oracle.load(variant)
        let reading = try ReverseAttribution(
            Oracle.model(variant), tokens: oracle.prompt, options: Oracle.reverseOptions)
        for attribution in try reading.attribute(oracle.finalTargets) {
            let (all, positive) = (attribution.heads.flatMap(\.allPositions), attribution.heads.flatMap(\.positive))
            #expect(zip(all, positive).allSatisfy { $1 >= 0 && $1 >= $0 - 1e-5 * all.largestMagnitude })
        }
    }

    @Test(
        "without biases constant norms keep the logit: after the last layer the residual stream carries all of it",
        arguments: PropagationRule.all.filter { $0.norm == .constant })
    func conservation(rule: PropagationRule) throws {
        let oracle = try Oracle.load("llama")
        let reading = try ReverseAttribution(
            Oracle.model("llama"), tokens: oracle.prompt, options: Oracle.reverseOptions)
        for attribution in try reading.attribute(oracle.finalTargets, rule: rule) {
            let last = attribution.residualStream[reading.model.configuration.layerCount].reduce(0, +)
            #expect(abs(last - attribution.logit) < 1e-4 * abs(attribution.logit))
        }
    }

    @Test("a target outside the prompt or the vocabulary is an error")
    func invalidTargets() throws {
        let oracle = try Oracle.load("llama")
        let model = try Oracle.model("llama")
        let reading = try ReverseAttribution(model, tokens: oracle.prompt, options: Oracle.reverseOptions)
        for target in [
            AttributionTarget(token: -1, position: 0), .init(token: 264, position: 0),
            .init(token: 0, position: oracle.prompt.count),
        ] {
            #expect(throws: AttributionError.targetOutOfRange(token: target.token, position: target.position)) {
                try reading.attribute([target])
            }
        }
        #expect(throws: TokenError.noTokens) { try ReverseAttribution(model, tokens: []) }
        #expect(throws: TokenError.outOfRange(token: 264, vocabularySize: 264)) {
            try ReverseAttribution(model, tokens: [264])
        }
    }
}

@Suite("Reverse mode works on weights as they lie in the file")
struct ReverseQuantizedTests {
    @Test(
        "weights of another type give nearly the relevance of the same numbers in float32",
        arguments: ["llama", "qwen3", "gemma3"], [GGML_TYPE_F16, GGML_TYPE_BF16, GGML_TYPE_Q8_0, GGML_TYPE_Q4_0])
    func closeToFloat32(variant: String, type: ggml_type) throws {
        let folder = try TemporaryFolder()
        let original = try Oracle.directory.appending(path: "\(variant).gguf")
        let oracle = try Oracle.load(variant)

        func relevance(decoded: Bool) throws -> [[Double]] {
            let file = folder.url.appending(path: "decoded-\(decoded).gguf")
            try QuantizedModel.make(from: original, type: type, decoded: decoded, at: file)
            let reading = try ReverseAttribution(
                LanguageModel(path: file.path), tokens: oracle.prompt, options: Oracle.reverseOptions)
            #expect(try reading.adjointErrors(rule: .attnLRP).allSatisfy { $0 < 1e-4 })
            return try reading.attribute(oracle.finalTargets).map(\.tokens)
        }
        let (stored, expected) = (try relevance(decoded: false), try relevance(decoded: true))

        let distance = zip(stored, expected).map { $0.distance(to: $1) / $1.largestMagnitude }.max() ?? .infinity
        // What is left is rounding: products bring activations to the precision of the weights, and with quantised ones adjoints and
        // transposes to 8 bits.
        #expect(distance < 0.15)
    }
}
