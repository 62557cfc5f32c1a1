import Foundation
import Testing

@testable import AttributionGuidedDecoding
@testable import TestFixtures

/// What HuggingFace and LXT say of a small dictionary, made by `Tools/circuits/train_sae.py`.
private struct DictionaryOracle: Decodable {
    var variant: String
    var layer: Int
    var features: [Int]
    /// Of each rule `[targets][features]`.
    var rules: [String: [[Double]]]

    static var folder: String { get throws { try Oracle.directory.appending(path: "sae").path } }

    static func load() throws -> DictionaryOracle {
        let file = URL(fileURLWithPath: try folder).appending(path: "relevance.json")
        return try JSONDecoder().decode(DictionaryOracle.self, from: Data(contentsOf: file))
    }

    static func rule(_ name: String) throws -> PropagationRule { name == "relp" ? .relP : try Oracle.rule(name) }
    static let ruleNames = ["attnlrp", "cp_lrp", "ixg", "relp"]

    /// Each told feature by itself, read from the dictionary's files.
    func parts() throws -> [RegionOfInterest.Feature] {
        let file = try SparseDictionaryFile(path: try Self.folder, layer: nil)
        return try features.map { try #require(try file.features([$0]).keys.first) }
    }
}

@Suite("Features of sparse dictionaries")
struct SparseDictionaryTests {
    @Test(
        "a feature's relevance is its activation times its decoder row times the gradient, in both modes, as LXT computes it",
        arguments: DictionaryOracle.ruleNames)
    func relevance(ruleName: String) throws {
        let inside = try DictionaryOracle.load()
        let (oracle, model) = (try Oracle.load(inside.variant), try Oracle.model(inside.variant))
        let rule = try DictionaryOracle.rule(ruleName)
        let expected = try #require(inside.rules[ruleName])
        let parts = try inside.parts()
        #expect(parts.allSatisfy { $0.layer == inside.layer })
        let reading = try ReverseAttribution(model, tokens: oracle.prompt, options: Oracle.reverseOptions)

        let attributions = try reading.attribute(
            oracle.finalTargets, rule: rule, inside: .init(features: Set(parts)))

        for (attribution, expected) in zip(attributions, expected) {
            let found = parts.map { attribution.features[$0] ?? .nan }
            #expect(found.distance(to: expected) < 1e-4 * max(expected.largestMagnitude, 1e-3))
        }
        let weights = parts.indices.map { $0 % 2 == 0 ? 1.5 : -1 }
        let region = RegionOfInterest(features: Dictionary(zip(parts, weights), uniquingKeysWith: +))
        for fused in [true, false] {
            var options = Oracle.float32(fused: fused)
            options.rule = rule
            let session = try InferenceSession(
                model, regions: [region, region.union(Oracle.span), Oracle.span], options: options)
            let scores = try #require(session.append(oracle.prompt, output: .allScores).scores)
                .map { row in oracle.targets.map { Double(row[$0]) } }
            let sums = expected.map { zip($0, weights).reduce(0) { $0 + $1.0 * $1.1 } }
            let scale = max(scores.joined().map { abs($0) }.max() ?? 0, 1e-3)
            #expect(scores[0].distance(to: sums) < 1e-4 * scale)
            // Mixed with a span in one lane.
            #expect(scores[1].distance(to: zip(sums, scores[2]).map { $0 + $1 }) < 1e-4 * scale)
        }
    }

    @Test(
        "a feature below its threshold everywhere adds nothing; without one it is the direction that it reads and writes"
    )
    func thresholds() throws {
        let (oracle, model) = (try Oracle.load("llama"), try Oracle.model("llama"))
        let vector = (0..<model.configuration.embeddingLength).map { Float(sin(Double($0))) }
        let length = vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
        let unit = vector.map { $0 / length }
        func scores(_ region: RegionOfInterest) throws -> [Double] {
            let session = try InferenceSession(model, regions: [region], options: Oracle.float32)
            return try #require(session.append(oracle.prompt, output: .allScores).scores)[0].map(Double.init)
        }
        func feature(threshold: Float) -> RegionOfInterest {
            RegionOfInterest(features: [.init(layer: 1, encoder: unit, threshold: threshold, decoder: unit): 1])
        }
        let direction = try scores(RegionOfInterest(directions: [.init(layer: 1, vector: vector): 1]))
        #expect(direction.largestMagnitude > 1e-3)
        #expect(try scores(feature(threshold: -1e30)).distance(to: direction) < 1e-4 * direction.largestMagnitude)
        #expect(try scores(feature(threshold: 1e30)).allSatisfy { $0 == 0 })
        #expect(try scores(feature(threshold: 0)).distance(to: direction) > 1e-2 * direction.largestMagnitude)
    }

    // MARK: Files

    /// A copy of the dictionary's folder with its configuration changed; gone when this is.
    private final class Folder {
        let path = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString).path

        init(configuration: String?, weights: Data? = nil) throws {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
            let known = URL(fileURLWithPath: try DictionaryOracle.folder).appending(path: "sae_weights.safetensors")
            try (weights ?? Data(contentsOf: known)).write(to: URL(fileURLWithPath: path + "/sae_weights.safetensors"))
            guard let configuration else { return }
            try Data(configuration.utf8).write(to: URL(fileURLWithPath: path + "/cfg.json"))
        }

        deinit { try? FileManager.default.removeItem(atPath: path) }
    }

    /// A safetensors file of float32 zeros.
    private func weights(_ shapes: [String: [Int]], type: String = "F32", missing: Int = 0) throws -> Data {
        var (entries, offset) = ([String](), 0)
        for (name, shape) in shapes.sorted(by: { $0.key < $1.key }) {
            let end = offset + 4 * shape.reduce(1, *)
            entries.append(
                "\"\(name)\": {\"dtype\": \"\(type)\", \"shape\": \(shape), \"data_offsets\": [\(offset), \(end)]}")
            offset = end
        }
        let header = Data("{\(entries.joined(separator: ", "))}".utf8)
        let length = (0..<8).map { UInt8(truncatingIfNeeded: header.count >> (8 * $0)) }
        return Data(length) + header + Data(count: offset - missing)
    }

    @Test("the layer is the configuration's, by any of the names that it has had, or that which is named with the file")
    func layers() throws {
        for (configuration, layer) in [
            (#"{"metadata": {"hook_name": "blocks.2.hook_resid_post"}}"#, 2),
            (#"{"hook_name": "blocks.2.hook_resid_pre"}"#, 1),
            (#"{"hf_hook_point_in": "model.layers.3.output", "architecture": "jump_relu", "type": "sae"}"#, 3),
        ] {
            let folder = try Folder(configuration: configuration)
            #expect(try SparseDictionaryFile(path: folder.path, layer: nil).features([5]).keys.first?.layer == layer)
            #expect(try SparseDictionaryFile(path: folder.path, layer: 0).features([5]).keys.first?.layer == 0)
        }
        let bare = try Folder(configuration: nil)
        let feature = try #require(
            try SparseDictionaryFile(path: bare.path + "/sae_weights.safetensors", layer: 7).features([5, 5]).first)
        #expect(feature.key.layer == 7 && feature.key.index == 5 && feature.value == 2)
    }

    @Test(
        "what can't be used is told with the file and the field",
        arguments: [
            (#"{"architecture": "topk", "hook_name": "blocks.2.hook_resid_post"}"#, "architecture: is 'topk'"),
            (#"{"activation_fn_str": "topk", "hook_name": "blocks.2.hook_resid_post"}"#, "activation_fn: is 'topk'"),
            (#"{"normalize_activations": "layer_norm"}"#, "normalize_activations"),
            (#"{"type": "transcoder", "hf_hook_point_in": "model.layers.3.output"}"#, "type: is 'transcoder'"),
            (#"{"hook_name": "blocks.2.hook_mlp_out"}"#, "blocks.2.hook_mlp_out"),
            (#"{"hook_name": "blocks.0.hook_resid_pre"}"#, "blocks.0.hook_resid_pre"), ("{}", "hook_name: is missing"),
            ("7", "hook_name: is missing"), ("{", "cfg.json"), (nil, "sae:12@"),
        ] as [(String?, String)])
    func configurations(configuration: String?, problem: String) throws {
        let folder = try Folder(configuration: configuration)
        let error = try #require(throws: RegionError.self) { try SparseDictionaryFile(path: folder.path, layer: nil) }
        #expect(error.description.contains(problem) && error.description.contains(folder.path), "\(error)")
    }

    @Test("files of weights that can't be read are told with the tensor at fault")
    func badWeights() throws {
        let shapes = ["W_enc": [3, 2], "W_dec": [2, 3], "b_enc": [2], "b_dec": [3]]
        var cases: [(Data, String)] = [
            (Data("text".utf8), "header"), (Data(repeating: 255, count: 64), "header"),
            (try weights([:]), "W_enc: is missing"),
            (try weights(shapes, type: "I64"), "dtype: is 'I64'"), (try weights(shapes, missing: 1), "data_offsets"),
        ]
        for (name, shape) in [("W_dec", [3, 2]), ("W_enc", [3]), ("b_enc", [3]), ("b_dec", [2])] {
            cases.append((try weights(shapes.merging([name: shape]) { $1 }), "its shape is"))
        }
        for (data, problem) in cases {
            let folder = try Folder(configuration: nil, weights: data)
            let error = try #require(throws: RegionError.self) { try SparseDictionaryFile(path: folder.path, layer: 0) }
            #expect(error.description.contains(problem), "\(error)")
        }
        let folder = try Folder(configuration: nil, weights: try weights(shapes))
        let file = try SparseDictionaryFile(path: folder.path, layer: 0)
        #expect(try file.features([0, 1]).count == 2)
        let error = try #require(throws: RegionError.self) { try file.features([2]) }
        #expect(error.description.contains("no feature 2: the dictionary has 0 to 1"))
        #expect(throws: RegionError.self) { try SparseDictionaryFile(path: "/nowhere/sae", layer: 0) }
    }

    @Test("a dictionary made for another model is told with the region's name")
    func otherModels() throws {
        let model = try Oracle.model("llama")
        let prompt = try model.prompt(tokens: [1, 2, 3])
        let width = model.configuration.embeddingLength
        let row = [Float](repeating: 1, count: width)
        for (feature, problem) in [
            (RegionOfInterest.Feature(layer: 9, encoder: row, decoder: row), "no layer 9"),
            (RegionOfInterest.Feature(layer: 0, encoder: [1, 2], decoder: [1, 2]), "has 2 elements"),
            (RegionOfInterest.Feature(layer: 0, encoder: row, decoder: [1]), "has 1 elements"),
            (RegionOfInterest.Feature(layer: 0, index: 4, encoder: row, bias: .nan, decoder: row), "feature 4"),
        ] {
            let marked = try MarkedPrompt(prompt, regions: [RegionSpecification(.features([feature: 1]))])
            let error = try #require(throws: RegionError.self) { try marked.validate(for: model) }
            #expect(error.description.contains(problem) && error.description.contains("region '"), "\(error)")
        }
    }
}
