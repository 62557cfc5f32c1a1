import AttributionGuidedDecoding
import Foundation
import Testing

@testable import AGDEvaluation
@testable import TestFixtures

@Suite("Tuning chooses by examples and promises no more than others bear out")
struct TuningTests {
    /// A run of examples that are right (1) or wrong (0).
    private static func run(_ method: DecodingMethod, _ scores: [Double?]) throws -> RunFile {
        let data = try TemporaryFile("x", name: "task.jsonl")
        let source = try RunSettings.DataFile(path: data.path)
        let settings = RunSettings(
            benchmark: .task, data: [source], model: source, method: RunMethod(method), maximumTokens: 8,
            cacheType: "f16")
        let output = try TemporaryFile("", name: "run.jsonl")
        var file = try RunFile(resuming: output.path, settings)
        for (number, score) in scores.enumerated() {
            var item = EvaluationItem(
                id: "\(number)", setting: "task", messages: [.user("a")], region: [], scoring: .answers(["a"]))
            item.place = ItemPlace(file: 0, item: number + 1)
            var sample = Sample(item)
            if let score { sample.metrics["correct"] = score } else { sample.error = "has no region" }
            sample.completionTokens = 4
            try file.append(sample)
        }
        return file
    }
    private static let cad = DecodingMethod.contextAware(.init())
    private static let agd = DecodingMethod.guided(.init())

    @Test("an item has no say in the choice that scores it")
    func crossValidation() {
        // The second method is ahead by its one item in the first fold: without it, the first is chosen there.
        let scores = [[0.0, 1, 1, 1, 1], [3.0, 1, 1, 1, 0]]
        let validation = CrossValidation(scores, foldCount: 5)
        #expect(validation.best == 1)
        #expect(validation.scores == [0, 1, 1, 1, 0])
        #expect(CrossValidation([[1, 0], [1, 0]], foldCount: 2).best == 0)
    }

    @Test("a method that is clearly better is recommended, with what to expect")
    func better() throws {
        let wrong = [Double](repeating: 0, count: 20)
        let tuning = try Tuning([
            Self.run(.greedy, wrong), Self.run(Self.agd, wrong),
            Self.run(Self.cad, wrong.indices.map { $0 < 12 ? 1 : 0 }),
        ])
        #expect(tuning.recommended == Self.cad.label && tuning.method == Self.cad)
        #expect(abs(tuning.gain.mean - 0.6) < 1e-12)
        #expect(tuning.gain.lower > 0.35 && tuning.gain.upper < 0.85)
        // Twelve items differ, all one way: 2 / 2^12.
        #expect(abs(tuning.gain.pValue - 2 / 4096.0) < 1e-12)
        #expect(tuning.outcomes.map(\.better) == [0, 0, 12])
        #expect(tuning.verdict.hasPrefix("Recommended: cad"))
    }

    @Test("the best of many that chance may have made so is named, and greedy decoding recommended")
    func chance() throws {
        let greedy = (0..<20).map { Double($0 % 2) }
        // Four better and one worse: p = 0.375.
        var lucky = greedy
        for index in [0, 4, 8, 12] { lucky[index] = 1 }
        lucky[1] = 0
        let tuning = try Tuning([Self.run(.greedy, greedy), Self.run(Self.cad, lucky)])
        #expect(tuning.best == Self.cad.label && tuning.recommended == "greedy" && tuning.method == .greedy)
        #expect(tuning.verdict.contains("nothing beats greedy decoding for certain"))
        let equal = try Tuning([Self.run(.greedy, greedy), Self.run(Self.cad, greedy)])
        #expect(equal.best == "greedy" && equal.verdict.contains("Nothing beats greedy"))
    }

    @Test("a method that can't do all examples is told of, not compared; few examples are refused")
    func failures() throws {
        let right = [Double](repeating: 1, count: 8)
        let tuning = try Tuning([
            Self.run(.greedy, right.map { _ in 0 }), Self.run(Self.agd, right.dropLast() + [nil]),
        ])
        #expect(tuning.failures == [Self.agd.label: "has no region"])
        #expect(tuning.outcomes.map(\.method) == ["greedy"])
        let few = #expect(throws: EvaluationError.self) { try Tuning([Self.run(.greedy, [0, 1])]) }
        #expect(few?.problem.contains("2 examples") == true)
    }

    @Test("what is tried names each method once, greedy decoding first")
    func standardMethods() {
        #expect(Tuning.standardMethods.first == .greedy)
        #expect(Set(Tuning.standardMethods.map(\.label)).count == Tuning.standardMethods.count)
    }
}

@Suite("Settings files are read as they were written")
struct SettingsFileTests {
    @Test("every method comes back, with its regions", arguments: DecodingMethod.kinds)
    func roundTrip(kind: DecodingMethod.Kind) throws {
        let settings = SettingsFile(
            method: kind.standard,
            regions: [try RegionSpecification("system"), try RegionSpecification("text:\"a b\"=-0.5")])
        let file = try TemporaryFile(settings.text(found: ["examples": 20]), name: "settings.json")
        #expect(try SettingsFile(reading: file.path) == settings)
    }

    @Test(
        "What is wrong is told by field",
        arguments: [
            ("{}", "strategy"), ("{\"strategy\": \"nonsense\"}", "strategy"),
            ("{\"strategy\": \"cad\", \"lambda\": 1}", "lambda"),
            ("{\"strategy\": \"cad\", \"roi\": \"system\"}", "roi"),
            ("{\"strategy\": \"cad\", \"roi\": [\"message:x\"]}", "roi[0]"),
        ])
    func malformed(text: String, field: String) throws {
        let file = try TemporaryFile(text, name: "settings.json")
        let error = #expect(throws: EvaluationError.self) { try SettingsFile(reading: file.path) }
        #expect(error?.file == file.path && error?.field == field)
    }

    @Test("A value out of range is told with its option")
    func range() throws {
        let file = try TemporaryFile("{\"strategy\": \"cad\", \"alpha\": \"much\"}", name: "settings.json")
        let error = #expect(throws: EvaluationError.self) { try SettingsFile(reading: file.path) }
        #expect(error?.description.contains("alpha must be") == true)
    }
}

@Suite("One's own examples")
struct TaskReaderTests {
    private func items(_ lines: String...) throws -> [EvaluationItem] {
        let file = try TemporaryFile(lines.joined(separator: "\n"))
        return try Benchmark.task.items(inFile: file.path)
    }

    @Test("are conversations with what a good reply has; the system message is the region unless another is named")
    func examples() throws {
        let messages =
            "\"messages\": [{\"role\": \"system\", \"content\": \"Answer in French.\"}, {\"role\": \"user\", \"content\": \"Hi\"}]"
        let items = try items(
            "{\(messages), \"checks\": [{\"kind\": \"includes\", \"values\": [\"oui\"]}]}",
            "{\(messages), \"id\": \"b\", \"setting\": \"s\", \"region\": [\"user\"], \"answers\": [\"Oslo\"]}",
            "{\(messages), \"instruction_id_list\": [\"punctuation:no_comma\"], \"kwargs\": [{}]}")
        #expect(items.map(\.id) == ["1", "b", "3"])
        #expect(items.map(\.setting) == ["task", "s", "task"])
        #expect(items.map { $0.region.map(\.description) } == [["system"], ["user"], ["system"]])
        #expect(items[0].scoring == .checks([ReplyCheck(kind: .includes, values: ["oui"])]))
        #expect(items[1].scoring == .answers(["Oslo"]))
        #expect(items[0].messages == [.system("Answer in French."), .user("Hi")])
    }

    @Test(
        "What is missing is told by field",
        arguments: [
            ("{\"answers\": [\"a\"]}", "messages"), ("{\"messages\": [], \"answers\": [\"a\"]}", "messages"),
            ("{\"messages\": [{\"role\": \"user\"}], \"answers\": [\"a\"]}", "messages[0]"),
            ("{\"messages\": [{\"role\": \"user\", \"content\": \"a\"}], \"answers\": [\"a\"]}", "region"),
            ("{\"messages\": [{\"role\": \"system\", \"content\": \"a\"}]}", nil),
        ] as [(String, String?)])
    func malformed(line: String, field: String?) throws {
        let error = #expect(throws: EvaluationError.self) { try items(line) }
        #expect(error?.line == 1 && error?.field == field)
    }
}

@Suite("Settings that come with agd")
struct ShippedSettingsTests {
    @Test("are read as what they name, guide by a region, and say which run bears them out")
    func all() throws {
        let all = try ShippedSettings.all
        #expect(Set(all.map(\.name)).count == all.count && !all.isEmpty)
        for shipped in all {
            #expect(try SettingsFile(named: shipped.name) == shipped.settings)
            #expect(!shipped.settings.method.needsRegion || !shipped.settings.regions.isEmpty)
            #expect(shipped.evidence.command.hasPrefix("Benchmarks/real-models.sh"))
        }
    }

    @Test("a name that is neither a file nor theirs is refused with theirs; a path is a file's")
    func unknown() throws {
        let error = #expect(throws: EvaluationError.self) { try SettingsFile(named: "nonsense") }
        #expect(error?.file == "nonsense" && error?.remedy.contains("smollm2-instructions") == true)
        let file = try TemporaryFile("{\"strategy\": \"greedy\"}", name: "smollm2-instructions")
        #expect(try SettingsFile(named: file.path).method == .greedy)
    }

    @Test("fit models of their family by the name in the file, and no others")
    func families() throws {
        #expect(try ShippedSettings.fitting(ModelSummary(path: Repository.model)).isEmpty)
        let smollm2 = try #require(ShippedSettings.all.first { $0.name == "smollm2-instructions" })
        #expect(smollm2.fits(architecture: "llama", name: "Smollm2 135M 8k Lc100K Mix1 Ep2"))
        #expect(!smollm2.fits(architecture: "llama", name: "Llama 3.2 1B"))
        #expect(!smollm2.fits(architecture: "llama", name: nil))
        let qwen = try #require(ShippedSettings.all.first { $0.name == "qwen-coder-instructions" })
        #expect(qwen.fits(architecture: "qwen2", name: "Qwen2.5 Coder 0.5B Instruct AWQ"))
        #expect(!qwen.fits(architecture: "qwen2", name: "Qwen2.5 0.5B Instruct"))
    }
}
