import AttributionGuidedDecoding
import Foundation
import Testing

@testable import AGDEvaluation
@testable import TestFixtures

@Suite("An item is told from others by its file and its place in it, not by its id")
struct ItemIdentityTests {
    private static func question(_ text: String, id: String? = nil) -> String {
        "{\(id.map { "\"_id\": \"\($0)\", " } ?? "")\"question\": \"\(text)\", \"answer\": [\"x\"]}"
    }

    @Test("two files whose lines are numbered alike, a line that is there twice, and paragraphs without ids")
    func places() throws {
        let one = try TemporaryFile(Self.question("a") + "\n" + Self.question("b"))
        let two = try TemporaryFile(Self.question("c") + "\n" + Self.question("c"))
        let items = try Benchmark.nqOpen.items(inFiles: [one.path, two.path])
        #expect(items.map(\.id) == ["1", "2", "1", "2"])
        #expect(
            items.map(\.place) == [
                .init(file: 0, item: 1), .init(file: 0, item: 2), .init(file: 1, item: 1), .init(file: 1, item: 2),
            ])
        let swap = try TemporaryFile(
            #"{"question": "q", "org_context": "a", "org_answer": ["a"], "sub_context": "b", "sub_answer": ["b"]}"#)
        #expect(Set(try Benchmark.nqSwap.items(inFiles: [swap.path]).map(\.place)).count == 2)
    }

    @Test("a file that is given twice is refused by name, under whatever name")
    func twice() throws {
        let one = try TemporaryFile(Self.question("a"))
        let copy = try TemporaryFile(Self.question("a"), name: "copy.jsonl")
        for second in [one, copy] {
            let error = #expect(throws: EvaluationError.self) {
                try Benchmark.nqOpen.items(inFiles: [one.path, second.path])
            }
            #expect(error?.file == second.path && error?.problem.contains(one.path) == true)
        }
    }

    // MARK: runs

    private static func settings(_ data: [TemporaryFile]) throws -> RunSettings {
        let files = try data.map { try RunSettings.DataFile(path: $0.path) }
        return RunSettings(
            benchmark: .nqOpen, data: files, model: try RunSettings.DataFile(path: "/dev/null"),
            method: RunMethod(.greedy), maximumTokens: 8,
            cacheType: "f16")
    }

    private static func run(
        _ data: [TemporaryFile], _ items: [EvaluationItem], correct: [Double], knowsPlaces: Bool = true,
        change: (inout RunSettings) -> Void = { _ in }
    ) throws -> (RunFile, TemporaryFile) {
        let output = try TemporaryFile("", name: "run.jsonl")
        var settings = try settings(data)
        change(&settings)
        var file = try RunFile(resuming: output.path, settings)
        for (item, score) in zip(items, correct) {
            var sample = Sample(item)
            sample.metrics = ["correct": score]
            if !knowsPlaces { sample.place = nil }
            try file.append(sample)
        }
        return (file, output)
    }

    @Test("a run goes on with the items that it lacks, though their ids are in it")
    func resumption() throws {
        let data = try [TemporaryFile(Self.question("a")), TemporaryFile(Self.question("b"))]
        let items = try Benchmark.nqOpen.items(inFiles: data.map(\.path))
        for knowsPlaces in [true, false] {
            var (file, _) = try Self.run(data, Array(items.prefix(1)), correct: [1], knowsPlaces: knowsPlaces)
            #expect(file.missing(of: items) == [items[1]])
        }
    }

    @Test("a report counts every item, and merges shards and runs of single files")
    func merging() throws {
        let data = try [TemporaryFile(Self.question("a")), TemporaryFile(Self.question("b"))]
        let items = try Benchmark.nqOpen.items(inFiles: data.map(\.path))
        let whole = try Self.run(data, items, correct: [1, 0])
        #expect(try RunReport([whole.0]).rows.map(\.count) == [2])
        let shards = try (0..<2).map { shard in
            try Self.run(data, [items[shard]], correct: [1]) { ($0.shard, $0.shardCount) = (shard, 2) }
        }
        #expect(try RunReport(shards.map(\.0)).rows.map(\.count) == [2])
        let single = try (0..<2).map { number in
            try Self.run([data[number]], Benchmark.nqOpen.items(inFiles: [data[number].path]), correct: [1])
        }
        #expect(try RunReport(single.map(\.0)).rows.map(\.count) == [2])
    }

    @Test("a paired test pairs the same item, in whatever order the files were given")
    func pairing() throws {
        let data = try (0..<6).map { try TemporaryFile(Self.question("\($0)")) }
        let items = try Benchmark.nqOpen.items(inFiles: data.map(\.path))
        let greedy = try Self.run(data, items, correct: [0, 0, 0, 0, 0, 1])
        let reversed = Array(data.reversed())
        let other = try Self.run(
            reversed, Benchmark.nqOpen.items(inFiles: reversed.map(\.path)), correct: [1, 0, 0, 0, 0, 0]
        ) { $0.method = RunMethod(.guided(.init())) }
        // The same item is right in both: nothing differs. By id or by order two would.
        #expect(try RunReport([greedy.0, other.0]).rows.last?.pValue == 1)
    }

    @Test("beside a run of an earlier version ids tell items apart, and one that can't is named")
    func earlierVersion() throws {
        let data = try [TemporaryFile(Self.question("a", id: "p") + "\n" + Self.question("b", id: "q"))]
        let items = try Benchmark.nqOpen.items(inFiles: data.map(\.path))
        let old = try Self.run(data, items, correct: [0, 1], knowsPlaces: false)
        let new = try Self.run(data, items, correct: [0, 1]) { $0.method = RunMethod(.guided(.init())) }
        #expect(try RunReport([old.0, new.0]).rows.last?.pValue == 1)

        let twins = try [TemporaryFile(Self.question("a", id: "p") + "\n" + Self.question("b", id: "p"))]
        let unclear = try Self.run(
            twins, Benchmark.nqOpen.items(inFiles: twins.map(\.path)), correct: [0, 1], knowsPlaces: false)
        let error = #expect(throws: EvaluationError.self) { try RunReport([unclear.0]) }
        #expect(error?.problem.contains("'p'") == true && error?.file == unclear.0.path && error?.line == 3)
    }
}
