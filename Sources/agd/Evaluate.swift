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

    @Argument(help: "\(Benchmark.allCases.map(\.rawValue).joined(separator: ", ")).")
    var benchmark: Benchmark

    @Option(
        help: ArgumentHelp(
            "A data file of the benchmark in its official format, plain or gzipped; may be repeated.", valueName: "file"
        ))
    var data: [String]

    @Option(name: .shortAndLong, help: ArgumentHelp("The run, a file of JSON lines.", valueName: "file"))
    var output: String

    @OptionGroup(title: "Model") var modelOptions: ModelOptions
    @OptionGroup(title: "Choice of tokens") var strategyOptions: StrategyOptions

    @Option(help: "Which of an item's regions guides: region, or opposite (what stands against it, as a control).")
    var side: DecodingMethod.Side = .region

    @Option(
        help: ArgumentHelp(
            "A region that takes the place of the items' own, such as heads:@file.json; may be repeated.",
            valueName: "spec"))
    var roi: [String] = []

    @Option(
        name: [.customShort("n"), .customLong("n-predict"), .customLong("max-tokens")],
        help: ArgumentHelp("Tokens generated at most for each item.", valueName: "n"))
    var maximumTokens = 512

    @Option(help: ArgumentHelp("The first items only.", valueName: "n"))
    var limit: Int?

    @Option(
        help: ArgumentHelp(
            "Every n-th item beginning with the i-th, from 0, to share a run among machines.", valueName: "i/n"))
    var shard: Shard = Shard(index: 0, count: 1)

    @Option(
        help: ArgumentHelp(
            "A folder with NLTK's and langdetect's tables, for the IFEval instructions that need them.",
            valueName: "folder"))
    var support: String?

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
        if maximumTokens < 1 { throw ValidationError("--n-predict must be at least 1.") }
        if let limit, limit < 1 { throw ValidationError("--limit must be at least 1.") }
        for specification in roi {
            do { _ = try RegionSpecification(specification) } catch { throw ValidationError("\(error)") }
        }
    }

    func run() async throws {
        let all = try data.flatMap { path in try benchmark.items(inFile: path) }
        let model = try modelOptions.load()
        var settings = RunSettings(
            benchmark: benchmark, data: try data.map { path in try RunSettings.DataFile(path: path) },
            model: try RunSettings.DataFile(path: modelOptions.model),
            method: try strategyOptions.method(side: side, regions: roi),
            maximumTokens: maximumTokens, cacheType: modelOptions.cacheType.rawValue)
        (settings.shard, settings.shardCount, settings.limit) = (shard.index, shard.count, limit)
        var file = try RunFile(resuming: output, settings)
        let run = EvaluationRun(
            model, scorer: ReplyScorer(support: try support.map { path in try TextSupport(directory: path) } ?? .none),
            threadCount: modelOptions.threads ?? Session.Options.defaultThreadCount, cacheType: modelOptions.cacheType)
        let bar = ProgressBar(settings.method.label)
        try await run.run(EvaluationRun.items(all, settings), into: &file) { done, count in
            bar.update(Double(done) / Double(count))
        }
        bar.finish()
        Terminal.write(try RunReport([file]).text)
    }
}

extension Benchmark: ExpressibleByArgument {}
extension DecodingMethod.Side: ExpressibleByArgument {}

extension StrategyOptions {
    /// The choice of tokens as a run records it.
    func method(side: DecodingMethod.Side, regions: [String]) throws -> DecodingMethod {
        let kind: DecodingMethod.Strategy =
            switch strategy {
            case .greedy: .greedy
            case .sample: .sample
            case .agd, nil: .agd
            case .agdReverse:
                throw ValidationError("--strategy agd-reverse chooses what agd chooses, at many times its price; use agd.")
            }
        var method = DecodingMethod(kind)
        (method.candidates, method.minimumProbability) = (candidates, minProbability)
        switch kind {
        case .greedy: break
        case .sample: (method.temperature, method.seed) = (temperature, seed ?? 0)
        case .agd:
            (method.side, method.regions, method.rule, method.score) = (side, regions, rule, score)
            method.entropyThreshold = entropyThreshold.nats
        }
        return method
    }
}
