import Foundation
import TensorGraph
import Testing

@testable import LaneEngine
@testable import TestFixtures

/// A random Gemma 4 of the kind of E2B and E4B: layers 4 and 5 attend over the keys and values of layer 2, layer 6 over those of 3.
/// `ArchitectureTests` hold it to libllama, `WindowCacheTests` and `RecurrentStateTests` cut it back and go on.
@Suite("Tokens that enter at every layer, and layers that share keys and values")
struct SharedKeysTests {
    private static var path: String {
        get throws {
            try Oracle.directory.deletingLastPathComponent().appending(path: "Architectures/gemma4-e-dense.gguf").path
        }
    }

    private static let tokens = (0..<24).map { ($0 * 37 + $0 * $0 * 11 + 5) % 64 }
    private static let targets = [9, 40, 3].map { AttributionTarget(token: $0, position: 23) }
    private static let regions = [
        RegionOfInterest(tokens: [0: 1]), RegionOfInterest(tokens: [6: 2, 17: -1]), .allTokens,
        // In layers with keys and values of their own, that others read and that none does, and in layers without.
        RegionOfInterest(
            heads: Dictionary(uniqueKeysWithValues: [0, 2, 3, 5, 6].map { (.init(layer: $0, head: $0 % 2), 1) })),
        RegionOfInterest(neurons: [.init(layer: 1, index: 3): 1, .init(layer: 6, index: 40): -2]),
    ]

    @Test("one pass forwards says of every region what passes back say", arguments: PropagationRule.all, [true, false])
    func modes(rule: PropagationRule, fused: Bool) throws {
        let model = try LanguageModel(path: Self.path)
        var options = Oracle.float32(fused: fused)
        options.rule = rule
        let session = try InferenceSession(model, regions: Self.regions, options: options)
        let scores = session.relevance(of: Self.targets.map(\.token), try session.append(Self.tokens))
        let attributions = try ReverseAttribution(model, tokens: Self.tokens, options: Oracle.reverseOptions)
            .attribute(Self.targets, rule: rule, inside: .init(for: Self.regions))
        for (region, scores) in zip(Self.regions, scores) {
            let expected = attributions.map { $0.relevance(of: region) }
            #expect(scores.distance(to: expected) < 1e-4 * max(0.01, expected.largestMagnitude))
        }
    }

    @Test("where a product passes to one factor alone, all relevance arrives at the tokens: by both ways together")
    func conservation() throws {
        let model = try LanguageModel(path: Self.path)
        let reading = try ReverseAttribution(model, tokens: Self.tokens, options: Oracle.reverseOptions)
        for attribution in try reading.attribute(Self.targets, rule: .cpLRP) {
            #expect(abs(attribution.tokens.reduce(0, +) - attribution.logit) < 1e-3 * abs(attribution.logit))
            // The residual stream is not all.
            let stream = attribution.residualStream[1].reduce(0, +)
            #expect(abs(stream - attribution.logit) > 0.01 * abs(attribution.logit))
        }
    }

    @Test("layers that attend over another's keys have attention weights too, that add up to 1 over what is seen")
    func attentionWeights() throws {
        let reading = try ReverseAttribution(
            LanguageModel(path: Self.path), tokens: Self.tokens, options: Oracle.reverseOptions)
        let attention = try reading.attention(of: 8..<12)
        #expect(abs(attention.reduce(0, +) - 1) < 1e-5 && attention.allSatisfy { $0 >= 0 })
        #expect(attention[12...].allSatisfy { $0 == 0 })
    }

    @Test("a token that is taken away doesn't enter at any layer")
    func ablation() throws {
        let model = try LanguageModel(path: Self.path)
        let none = try ReverseAttribution(
            model, tokens: Self.tokens, ablating: .init(tokens: Set(Self.tokens.indices)),
            options: Oracle.reverseOptions)
        #expect(try none.logits(of: Self.targets).allSatisfy { abs($0) < 1e-5 })
    }

    @Test("of several sequences at once", arguments: [true, false])
    func batch(fused: Bool) throws {
        let model = try LanguageModel(path: Self.path)
        var members = BatchTests.members(Self.tokens, model)
        members += [
            .init(prompt: Array(Self.tokens.prefix(9)), regions: [Self.regions[3]], earlyLayers: [2, 4, 6]),
            .init(prompt: Self.tokens, earlyLayers: [0, 6]),
        ]
        try BatchTests().compare(model, members, fused: fused, exactly: false, completion: [7, 12])
    }

    @Test("layers that only the wanted tokens pass give these what they do where all pass", arguments: [true, false])
    func wantedTokens(fused: Bool) throws {
        let model = try LanguageModel(path: Self.path)
        func prediction(_ output: ForwardEvaluation.Output) throws -> Prediction {
            let session = try InferenceSession(
                model, regions: Self.regions, options: Oracle.float32(fused: fused))
            session.earlyLayers = [3, 4, 6]
            return try session.append(Self.tokens, output: output)
        }
        let (last, all) = (try prediction(.logits), try prediction(.everyPosition))
        #expect(last.earlyLogits.count == 3 && last.tangents.count == Self.regions.count)
        for (a, b) in zip(
            [last.logits] + last.earlyLogits + last.tangents, [all.logits] + all.earlyLogits + all.tangents)
        {
            let (a, b) = (a.map(Double.init), b.map(Double.init))
            #expect(a.distance(to: b) < 1e-4 * max(1, b.largestMagnitude))
        }
    }

    @Test("shared keys and values take memory once")
    func memory() throws {
        let configuration = try LanguageModel.open(path: Self.path).1
        let layout = try CacheLayout(configuration, contextLength: 128, storage: WindowCacheTests.whole)
        // Three layers with heads of 8 elements, one of 16; keys and values in float32.
        #expect(layout.byteCount == 2 * 4 * 128 * (3 * 8 + 16))
        #expect(layout.bytesRead(positions: 8) == 2 * 4 * 8 * (5 * 8 + 2 * 16))
    }

    @Test(
        "what a file says of shared layers must fit",
        arguments: [(1, "layer 5"), (6, "layer 0"), (7, "7"), (1 << 31, "2147483648")])
    func refusal(count: Int, mention: String) throws {
        let text = try Self.refusal("gemma4.attention.shared_kv_layers", UInt32(count))
        #expect(text.contains("shared_kv_layers") && text.contains(mention), "\(text)")
    }

    @Test("layers that have no keys need those of others, and tensors of embeddings their key")
    func missing() throws {
        #expect(try Self.refusal("gemma4.attention.shared_kv_layers", 0).contains("blk.4.attn_k"))
        #expect(
            try Self.refusal("gemma4.embedding_length_per_layer_input", 0)
                .contains("embeddings of tokens for each layer"))
    }

    /// What is said of a file with another number for a key.
    private static func refusal(_ key: String, _ value: UInt32) throws -> String {
        let changed = try file(key, value)
        let error = #expect(throws: TensorGraphError.self) { try LanguageModel(path: changed.path) }
        return "\(try #require(error))"
    }

    /// The fixture with another number for a key.
    private static func file(_ key: String, _ value: UInt32) throws -> TemporaryFile {
        var data = try Data(contentsOf: URL(filePath: path))
        let start = try #require(data.range(of: Data(key.utf8))).upperBound + 4
        data.replaceSubrange(start..<start + 4, with: withUnsafeBytes(of: value.littleEndian, Array.init))
        return try TemporaryFile(data, name: "model.gguf")
    }
}
