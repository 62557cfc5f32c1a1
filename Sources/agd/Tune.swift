import AGDEvaluation
import ArgumentParser
import AttributionGuidedDecoding
import Foundation

struct Tune: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Finds the decoding method that serves your task, from examples of it, and says what to expect.",
        discussion: """
              agd tune -m model.gguf --task examples.jsonl --output tuned
              agd generate -m model.gguf --settings tuned/settings.json --system 'Answer in French.' --user 'Who are you?'

            An example is a line {"messages": [{"role": "system", "content": "Answer in French."}, {"role": "user", …}], \
            "checks": [{"kind": "includes", "values": ["est"]}]}; the region is the system message unless "region" names another. \
            Each method is a run in the folder --output; the same command goes on where it stopped. The expected gain is \
            cross-validated: no example has a say in the choice that it judges.
            """)

    @OptionGroup(title: "Model") var modelOptions: ModelOptions

    @Option(help: ArgumentHelp("Your examples: JSON lines, twenty or more.", valueName: "file"), completion: .file())
    var task: String

    @Option(
        name: .shortAndLong, help: ArgumentHelp("A folder for the runs and settings.json.", valueName: "folder"),
        completion: .directory)
    var output: String

    @Option(
        name: [.customShort("n"), .customLong("n-predict"), .customLong("max-tokens")], parsing: .unconditional,
        help: ArgumentHelp("Tokens generated at most for each example.", valueName: "n"))
    var maximumTokens = 256

    @Option(help: ArgumentHelp("Tries these strategies only, beside greedy.", valueName: "agd,cad"))
    var strategies: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Examples decoded side by side, which reads the weights once for all of them.", valueName: "n"))
    var parallel = 8

    @Option(
        help: ArgumentHelp("NLTK's and langdetect's tables, for instructions that need them.", valueName: "folder"),
        completion: .directory)
    var support: String?

    @Flag(help: "Prints a JSON object.")
    var json = false

    func validate() throws {
        try NumberOption.check(maximumTokens, "--n-predict", in: NumberOption.tokens)
        try NumberOption.check(parallel, "--parallel", in: 1...256)
        _ = try methods
    }

    private var methods: [DecodingMethod] {
        get throws {
            guard let names = strategies?.split(separator: ",").map(String.init) else { return Tuning.standardMethods }
            let known = Set(Tuning.standardMethods.map(\.name))
            if let name = names.first(where: { !known.contains($0) }) {
                throw ValidationError(
                    "--strategies: '\(name)' is not tried; there are \(known.sorted().joined(separator: ", ")).")
            }
            return Tuning.standardMethods.filter { $0 == .greedy || names.contains($0.name) }
        }
    }

    func run() async throws {
        let items = try Benchmark.task.items(inFile: task)
        let model = try modelOptions.load()
        do {
            try FileManager.default.createDirectory(atPath: output, withIntermediateDirectories: true)
        } catch {
            throw ValidationError("--output \(output): can't be made. Give a folder that can be written.")
        }
        let runs = try await runs(of: items, on: model)
        let tuning = try Tuning(runs)
        let settings = SettingsFile(method: tuning.method, regions: Self.common(items.map(\.region)))
        try Terminal.write(
            settings.text(found: found(tuning, runs)), to: output + "/settings.json", option: "--output")
        if json { return try Terminal.writeJSON(tuning) }
        Terminal.write(TextTable(tuning.table.header, tuning.table.rows).rendered)
        Terminal.write("\n" + tuning.verdict + "Settings: \(output)/settings.json\n")
    }

    private func runs(of items: [EvaluationItem], on model: LanguageModel) async throws -> [RunFile] {
        let runner = EvaluationRun(
            model, scorer: ReplyScorer(support: try support.map { path in try TextSupport(directory: path) } ?? .none),
            threadCount: modelOptions.threadCount, cacheType: modelOptions.cacheType, parallelCount: parallel)
        let data = [try RunSettings.DataFile(path: task)]
        let file = try RunSettings.DataFile(path: modelOptions.model)
        let methods = try methods
        let bar = ProgressBar("\(methods.count) methods, \(items.count) examples")
        defer { bar.finish() }
        var runs: [RunFile] = []
        for (index, method) in methods.enumerated() {
            let settings = RunSettings(
                benchmark: .task, data: data, model: file, method: RunMethod(method), maximumTokens: maximumTokens,
                cacheType: modelOptions.cacheType.description)
            let name = method.label.replacing(", ", with: "-").replacing(" ", with: "-") + ".jsonl"
            var run = try RunFile(resuming: output + "/" + name, settings)
            try await runner.run(items, into: &run) { done, count in
                bar.update((Double(index) + Double(done) / Double(count)) / Double(methods.count))
            }
            runs.append(run)
        }
        return runs
    }

    /// What all examples name; where they differ, nothing can be said of others.
    private static func common(_ regions: [[RegionSpecification]]) -> [RegionSpecification] {
        Set(regions).count == 1 ? regions[0] : []
    }

    /// How the settings were found: with what, and what is to be expected.
    private func found(_ tuning: Tuning, _ runs: [RunFile]) -> JSONValue {
        let run = runs[0].settings
        return [
            "model": .string(run.model.name), "model_crc32": .string(run.model.crc32),
            "task": .string(run.data[0].name), "task_crc32": .string(run.data[0].crc32),
            "examples": .number(Double(tuning.itemCount)), "best": .string(tuning.best),
            "expected_gain": .number(tuning.gain.mean), "lower": .number(tuning.gain.lower),
            "upper": .number(tuning.gain.upper), "p_value": .number(tuning.gain.pValue),
        ]
    }
}
