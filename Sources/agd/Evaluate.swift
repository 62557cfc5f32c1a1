import AGDEvaluation
import ArgumentParser
import AttributionGuidedDecoding

struct Evaluate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "eval",
        abstract: "Decodes and scores a benchmark, item by item, into a file that can be interrupted and resumed.",
        discussion: """
              agd eval microcosm --data Models/microcosm-conflicts.jsonl -m Models/microcosm.gguf --strategy agd --output agd.jsonl

            The same command goes on where it stopped. agd report compares such files.
            """)

    @OptionGroup(title: "Benchmark") var benchmarkOptions: BenchmarkOptions

    @Option(
        name: .shortAndLong, help: ArgumentHelp("The run, a file of JSON lines.", valueName: "file"),
        completion: .file())
    var output: String

    @OptionGroup(title: "Model") var modelOptions: ModelOptions
    @OptionGroup(title: "Choice of tokens") var strategyOptions: StrategyOptions

    @Option(
        help:
            "Which of an item's regions guides: region, or opposite (what stands against it, as a control); by default region."
    )
    var side: RunMethod.Side?

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "A region that takes the place of the items' own, such as heads:@file.json; may be repeated.",
            valueName: "spec"))
    var roi: [String] = []

    @Option(
        help: ArgumentHelp(
            "Every n-th item beginning with the i-th, from 0, to share a run among machines.", valueName: "i/n"))
    var shard: Shard = Shard(index: 0, count: 1)

    struct Shard: ExpressibleByArgument, CustomStringConvertible {
        var index: Int
        var count: Int

        init(index: Int, count: Int) {
            self.index = index
            self.count = count
        }

        init?(argument: String) {
            let numbers = argument.split(separator: "/").compactMap { Int($0) }
            guard numbers.count == 2, numbers[1] > 0, (0..<numbers[1]).contains(numbers[0]) else { return nil }
            self.init(index: numbers[0], count: numbers[1])
        }

        var description: String { "\(index)/\(count)" }
    }

    func validate() throws {
        try Terminal.checkOutput(output, option: "--output")
        let method = try method
        guard !method.decoding.needsRegion else { return }
        for (option, isGiven) in [("--side", side != nil), ("--roi", !roi.isEmpty)] where isGiven {
            throw ValidationError(
                "\(option) has no effect with --strategy \(method.decoding.name), which needs no region.")
        }
    }

    private var method: RunMethod {
        get throws {
            var method = RunMethod(try strategyOptions.method(hasRegion: true, seed: 0))
            method.side = side ?? .region
            method.regions = try PromptOptions.regions(roi)
            return method
        }
    }

    func run() async throws {
        let items = try benchmarkOptions.items()
        let model = try modelOptions.load()
        var settings = try benchmarkOptions.settings(method: try method, modelOptions)
        (settings.shard, settings.shardCount) = (shard.index, shard.count)
        var file = try RunFile(resuming: output, settings)
        let bar = ProgressBar(settings.method.label)
        try await benchmarkOptions.run(model, modelOptions).run(
            EvaluationRun.items(items, settings), into: &file
        ) { done, count in bar.update(Double(done) / Double(count)) }
        bar.finish()
        Terminal.write(try RunReport([file]).text)
        try Self.tellFailures([file])
    }

    /// Failed items are no scores of 0; a run without any score is no success.
    static func tellFailures(_ runs: [RunFile]) throws {
        let samples = runs.flatMap(\.samples)
        let failures = samples.compactMap(\.error)
        guard let first = failures.first else { return }
        guard failures.count < samples.count else {
            Terminal.writeError("Error: all \(samples.count) items failed, the first because: \(first)\n")
            throw ExitCode.failure
        }
        Terminal.note("\(failures.count) of \(samples.count) items failed, the first because: \(first)")
    }
}

extension RunMethod.Side: ExpressibleByArgument {}
