import Foundation
import Testing

@testable import AttributionGuidedDecoding
@testable import TestFixtures

@Suite("Files of neurons and directions")
struct RegionFileTests {
    private func neurons(_ text: String, group: String? = nil) throws -> [RegionOfInterest.Neuron: Double] {
        let file = try TemporaryFile(text, name: "regions.json")
        return try RegionFile.neurons(path: file.path, group: group)
    }

    private static let grouped = """
        {"groups": {"french": [{"layer": 1, "index": 2, "weight": 0.5}], "german": [{"layer": 0, "index": 9}, {"layer": 1, "index": 2}]},
         "heads": [{"layer": 3, "head": 5}]}
        """

    @Test("a list with weights, alone or under its name; of neurons named twice the weights add up")
    func lists() throws {
        let list = #"[{"layer": 3, "index": 70, "weight": -2}, {"layer": 0, "index": 1}, {"layer": 0, "index": 1}]"#
        for text in [list, #"{"neurons": \#(list)}"#] {
            #expect(try neurons(text) == [.init(layer: 3, index: 70): -2, .init(layer: 0, index: 1): 2])
        }
    }

    @Test("a group by its name, or all groups together")
    func groups() throws {
        #expect(try neurons(Self.grouped, group: "french") == [.init(layer: 1, index: 2): 0.5])
        #expect(try neurons(Self.grouped) == [.init(layer: 1, index: 2): 1.5, .init(layer: 0, index: 9): 1])
    }

    @Test(
        "what is wrong is told with the field",
        arguments: [
            (#"{"neurons": [{"layer": 3}]}"#, nil, "neurons[0].index: is missing"),
            (#"{"neurons": [{"layer": 3, "index": 1}, {"layer": -1, "index": 1}]}"#, nil, "neurons[1].layer: is -1"),
            (#"{"neurons": [{"layer": 3, "index": 1.5}]}"#, nil, "neurons[0].index: is 1.5"),
            (#"{"neurons": [{"layer": 3, "index": 1, "weight": NaN}]}"#, nil, "neurons[0].weight"),
            (#"{"neurons": [{"layer": 3, "index": 1, "weight": "1"}]}"#, nil, "neurons[0].weight"),
            (#"{"neurons": []}"#, nil, "names no neurons"), (#"{"heads": []}"#, nil, "neurons: is missing"),
            ("7", nil, "is a number"), ("{", nil, "expected"), (grouped, "dutch", "there are 'french', 'german'"),
        ] as [(String, String?, String)])
    func errors(text: String, group: String?, problem: String) throws {
        let error = try #require(throws: RegionError.self) { try neurons(text, group: group) }
        #expect(error.description.contains(problem), "\(error)")
        #expect(error.description.contains(".json"))
    }

    // MARK: Directions

    /// A `.npy` file as NumPy writes it.
    private func array(_ type: String, _ shape: String, _ data: [UInt8], order: String = "False") throws
        -> TemporaryFile
    {
        let header = "{'descr': '\(type)', 'fortran_order': \(order), 'shape': \(shape), }\n"
        let length = UInt16(header.utf8.count)
        let contents: [UInt8] =
            [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(length & 255), UInt8(length >> 8)] + Array(header.utf8) + data
        return try TemporaryFile(Data(contents), name: "array.npy")
    }

    private func bytes<Value>(_ values: [Value]) -> [UInt8] { values.withUnsafeBytes { Array($0) } }

    @Test("a NumPy vector, float16, float32 or float64, lies behind the layer that is named with it")
    func vectors() throws {
        let values: [Float] = [1, -0.5, 0.25]
        // 1, -0.5 and 0.25 as float16.
        let halves: [UInt16] = [0x3C00, 0xB800, 0x3400]
        for file in [
            try array("<f4", "(3,)", bytes(values)), try array("<f8", "(3,)", bytes(values.map(Double.init))),
            try array("<f2", "(3,)", bytes(halves)),
        ] {
            let directions = try DirectionFile.read(path: file.path, layer: 7)
            #expect(directions == [.init(layer: 7, vector: values): 1])
        }
    }

    @Test("of a NumPy matrix each row lies behind its layer; rows of zeros are no directions")
    func matrix() throws {
        let file = try array("<f4", "(3, 2)", bytes([1, 2, 0, 0, 3, 4] as [Float]))
        #expect(
            try DirectionFile.read(path: file.path, layer: nil) == [
                .init(layer: 0, vector: [1, 2]): 1, .init(layer: 2, vector: [3, 4]): 1,
            ])
        #expect(try DirectionFile.read(path: file.path, layer: 2) == [.init(layer: 2, vector: [3, 4]): 1])
    }

    @Test("arrays that can't be read are told with the field at fault")
    func badArrays() throws {
        let files: [(TemporaryFile, Int?, String)] = [
            (try array("<f4", "(3,)", bytes([1] as [Float])), 0, "data:"),
            (try array("<i8", "(1,)", bytes([1])), 0, "descr:"),
            (try array("<f4", "(1,)", bytes([1] as [Float])), nil, "shape: is one vector"),
            (try array("<f4", "(1, 1, 1)", bytes([1] as [Float])), 0, "shape: is [1, 1, 1]"),
            (try array("<f4", "(2, 1)", bytes([1, 2] as [Float]), order: "True"), 0, "fortran_order"),
            (try array("<f4", "(1,)", bytes([Float.nan])), 0, "not finite"),
            (try array("<f4", "(2,)", bytes([0, 0] as [Float])), 0, "all zeros"),
            (try array("<f4", "(1, 2)", bytes([1, 2] as [Float])), 5, "no direction for layer 5"),
            (try array("<f4", "(99999999999,)", []), 0, "shape:"),
            (try TemporaryFile("text", name: "array.npy"), 0, "header"),
            (try TemporaryFile("text", name: "vector.gguf"), nil, "control vector"),
        ]
        for (file, layer, problem) in files {
            let error = try #require(throws: RegionError.self) { try DirectionFile.read(path: file.path, layer: layer) }
            #expect(error.description.contains(problem), "\(error)")
        }
    }

    @Test("a control vector is that of the layers that its tensors name; a model's file has none")
    func controlVector() throws {
        let path = try Oracle.directory.appending(path: "llama.gguf").path
        let error = try #require(throws: RegionError.self) { try DirectionFile.read(path: path, layer: nil) }
        #expect(error.description.contains("has no directions"))
    }

    // MARK: Against a model

    @Test("what a model doesn't have is told with the region's name")
    func absentParts() throws {
        let model = try Oracle.model("llama")
        let prompt = try model.prompt(tokens: [1, 2, 3])
        let width = model.configuration.embeddingLength
        let targets: [(RegionSpecification.Target, String)] = [
            (.neurons([.init(layer: 4, index: 0): 1]), "neuron 4.0 does not exist"),
            (.neurons([.init(layer: 0, index: 96): 1]), "neurons 0 to 95"),
            (.directions([.init(layer: 9, vector: .init(repeating: 1, count: width)): 1]), "no layer 9"),
            (.directions([.init(layer: 0, vector: [1, 2]): 1]), "has 2 elements"),
            (.directions([.init(layer: 0, vector: .init(repeating: 0, count: width)): 1]), "all zeros"),
        ]
        for (target, problem) in targets {
            let marked = try MarkedPrompt(prompt, regions: [RegionSpecification(target)])
            let error = try #require(throws: RegionError.self) { try marked.validate(for: model) }
            #expect(error.description.contains(problem) && error.description.contains("region '"), "\(error)")
        }
        let moe = try Oracle.model("qwen3_moe")
        let marked = try MarkedPrompt(
            moe.prompt(tokens: [1, 2]), regions: [RegionSpecification(.neurons([.init(layer: 0, index: 0): 1]))])
        let error = try #require(throws: RegionError.self) { try marked.validate(for: moe) }
        #expect(error.description.contains("no dense feed-forward network"))
    }

    @Test("mixed with a span, each part has its own weight")
    func mixture() throws {
        let prompt = try Oracle.model("llama").prompt(tokens: [1, 2, 3])
        let region = try prompt.region("tokens:0", "neurons:1.5,2.6=-2", "heads:0.1=3", "neurons:1.5")
        #expect(region.tokens == [0: 1])
        #expect(region.neurons == [.init(layer: 1, index: 5): -1, .init(layer: 2, index: 6): -2])
        #expect(region.heads == [.init(layer: 0, head: 1): 3])
    }
}
