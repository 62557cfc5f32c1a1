import Foundation
import Testing

@testable import AGDInsight
@testable import AttributionGuidedDecoding
@testable import TestFixtures

@Suite("A circuit is found on one half of the pairs and tested on the other")
struct CircuitTests {
    /// The language that the system message asks for, as the demonstration model was taught to obey it.
    private static func pairs(_ names: [String]) throws -> [ContrastPair] {
        try names.map { name in
            let line = """
                {"system": "Answer in Spanish.", "prompt": "Describe \(name).", "answer": "\(name) es",
                 "other_system": "Answer in English.", "other_prompt": "Describe \(name).", "other_answer": "\(name) is"}
                """
            return try JSONDecoder().decode(ContrastPair.self, from: Data(line.utf8))
        }
    }

    private static let names = ["Hugo", "Zoe", "Anton", "Wanda"]

    private static func model() throws -> LanguageModel {
        try LanguageModel(path: Repository.root.appending(path: "Models/microcosm.gguf").path)
    }

    private static var options: CircuitSearch.Options {
        var options = CircuitSearch.Options()
        options.randomSets = 5
        options.attribution = Oracle.reverseOptions
        return options
    }

    @Test("neurons are ranked by their mean contrast over pairs and prompts, and told with each pair's")
    func ranking() {
        var relevance = CircuitRelevance()
        relevance.append([
            .init(neurons: [[1, 0], [4, -2]], heads: [[0]]), .init(neurons: [[3, 0], [0, -2]], heads: [[2]]),
        ])
        relevance.append([
            .init(neurons: [[0, 0], [8, 0]], heads: [[1]]), .init(neurons: [[2, 0], [0, 0]], heads: [[1]]),
        ])
        let order: [[Int]] = relevance.ranking.map { [$0.layer, $0.index] }
        #expect(order == [[1, 0], [0, 0], [0, 1], [1, 1]])
        #expect(relevance.values(of: .init(layer: 1, index: 0)) == [2, 4])
        #expect(relevance.isOfFirst(.init(layer: 1, index: 0)) && !relevance.isOfFirst(.init(layer: 0, index: 0)))
        #expect(relevance.strongestHeads(9).map(\.values) == [[1, 1]])
    }

    @Test("a search that was stopped goes on from its journal, and one with other pairs is told to begin anew")
    func journal() throws {
        let path = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString).path
        defer { unlink(path) }
        let first = try CircuitJournal(path: path, search: "{\"a\":1}")
        #expect(try first.value("x 1") { 2.5 } == 2.5)
        // As if the program had ended inside a line.
        let handle = try #require(FileHandle(forWritingAtPath: path))
        try handle.seekToEnd()
        try handle.write(contentsOf: Data("{\"key\": \"y".utf8))
        let second = try CircuitJournal(path: path, search: "{\"a\":1}")
        #expect(second.count == 1)
        #expect(try second.value("x 1") { 7 } == 2.5)
        #expect(try second.value("y 1") { 7 } == 7)
        #expect(try CircuitJournal(path: path, search: "{\"a\":1}").count == 2)
        #expect(throws: CircuitJournal.Failure.ofAnother(path: path)) {
            try CircuitJournal(path: path, search: "{\"a\":2}")
        }
    }

    @Test("the whole set of neurons keeps the effect whole; a file of the circuit is read as regions of it")
    func everything() throws {
        let model = try Self.model()
        var options = Self.options
        let count = (0..<model.configuration.layerCount).reduce(0) { $0 + model.neuronCount(layer: $1) }
        options.size = count
        let circuit = try CircuitSearch(model, Self.pairs(Self.names), options: options).circuit()
        #expect(circuit.neurons.count == count && circuit.pairCount == 2 && circuit.testPairCount == 2)
        #expect(abs(circuit.sizes[0].kept - 1) < 1e-4)
        #expect(abs(circuit.test.kept.mean - circuit.test.effect.mean) < 1e-3)
        // Random sets of all neurons are this set: none of them is weaker.
        #expect(circuit.test.pValue == 1)
        let file = FileManager.default.temporaryDirectory.appending(path: "\(UUID().uuidString).json")
        defer { unlink(file.path) }
        try JSONEncoder().encode(circuit).write(to: file)
        #expect(try RegionFile.neurons(path: file.path, group: nil).count == count)
        #expect(try RegionFile.neurons(path: file.path, group: "prompt").count == circuit.groups["prompt"]?.count)
        #expect(try RegionFile.heads(path: file.path).count == circuit.heads.count)
    }

    @Test("the smallest set that keeps half of the effect is smaller than all neurons, and every size tried is told")
    func smallest() throws {
        let model = try Self.model()
        let circuit = try CircuitSearch(model, Self.pairs(Self.names), options: Self.options).circuit()
        let own = try #require(circuit.sizes.first { $0.size == circuit.neurons.count })
        #expect(own.kept >= 0.5 && circuit.neurons.count < circuit.neuronCount)
        #expect(circuit.sizes.map(\.size) == circuit.sizes.map(\.size).sorted())
        #expect(circuit.test.randomWithout.count == 5 && (1.0 / 6...1).contains(circuit.test.pValue))
        #expect(circuit.plot.contains("random sets"))
    }

    @Test("pairs whose answers begin alike are left out; without two others there is nothing to look for")
    func unusable() throws {
        let model = try Self.model()
        let error = try #require(throws: ItemError.self) {
            try CircuitSearch(model, Self.pairs(["Hugo"]), options: Self.options)
        }
        #expect(error.description.contains("two pairs"))
    }

    @Test("the direction of pairs is read back as one region for each layer, and turned round with the pairs")
    func direction() throws {
        let model = try Self.model()
        let pairs = try Self.pairs(Self.names)
        let direction = try ContrastDirection(model, pairs, isChat: false, options: Oracle.reverseOptions)
        let file = FileManager.default.temporaryDirectory.appending(path: "\(UUID().uuidString).npy")
        defer { unlink(file.path) }
        try direction.numPyFile.write(to: file)
        let read = try DirectionFile.read(path: file.path, layer: 2)
        #expect(read == [.init(layer: 2, vector: direction.vectors[2]): 1])
        #expect(try DirectionFile.read(path: file.path, layer: nil).count == model.configuration.layerCount)
        let turned = pairs.map { pair in
            var other = pair
            (other.system, other.otherSystem) = (pair.otherSystem, pair.system)
            (other.answer, other.otherAnswer) = (pair.otherAnswer, pair.answer)
            return other
        }
        let opposite = try ContrastDirection(model, turned, isChat: false, options: Oracle.reverseOptions)
        #expect(zip(opposite.vectors[1], direction.vectors[1]).allSatisfy { abs($0 + $1) < 1e-4 })
    }
}
