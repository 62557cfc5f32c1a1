import AGDEvaluation
import ArgumentParser
import AttributionGuidedDecoding
import Foundation

/// What is decoded, and how it is scored.
struct BenchmarkOptions: ParsableArguments {
    @Argument(help: "\(Benchmark.allCases.map(\.rawValue).joined(separator: ", ")).")
    var benchmark: Benchmark

    @Option(
        help: ArgumentHelp(
            "A data file of the benchmark in its official format, plain or gzipped; may be repeated.", valueName: "file"
        ), completion: .file())
    var data: [String]

    @Option(
        name: [.customShort("n"), .customLong("n-predict"), .customLong("max-tokens")], parsing: .unconditional,
        help: ArgumentHelp("Tokens generated at most for each item.", valueName: "n"))
    var maximumTokens = 512

    @Option(
        parsing: .unconditional, help: ArgumentHelp("The first items of each setting only.", valueName: "n"))
    var limit: Int?

    @Option(
        help: ArgumentHelp(
            "A folder with NLTK's and langdetect's tables, for the IFEval instructions that need them.",
            valueName: "folder"), completion: .directory)
    var support: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "An OpenAI-compatible endpoint that judges quality and SysBench's criteria. Its key is taken from AGD_JUDGE_KEY.",
            valueName: "url"))
    var judge: String?

    @Option(parsing: .unconditional, help: ArgumentHelp("The model to ask there.", valueName: "name"))
    var judgeModel: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Items decoded side by side, which reads the weights once for all of them; the replies are the same, but for near ties.",
            valueName: "n"))
    var parallel = 1

    @OptionGroup var draftOptions: DraftOptions

    @Flag(help: "Scores what the model thought aloud (<think>…</think>) as a part of the reply.")
    var scoreThoughts = false

    func validate() throws {
        try NumberOption.check(maximumTokens, "--n-predict", in: NumberOption.tokens)
        try NumberOption.check(limit, "--limit", in: NumberOption.counts)
        try NumberOption.check(parallel, "--parallel", in: 1...256)
        if (judge == nil) != (judgeModel == nil) { throw ValidationError("Give --judge and --judge-model together.") }
        if let judge, let judgeModel {
            do { _ = try ChatEndpoint(url: judge, model: judgeModel) } catch { throw ValidationError("\(error)") }
        }
    }

    func items() throws -> [EvaluationItem] { try benchmark.items(inFiles: data) }

    func settings(method: RunMethod, _ modelOptions: ModelOptions) throws -> RunSettings {
        var settings = RunSettings(
            benchmark: benchmark, data: try data.map { path in try RunSettings.DataFile(path: path) },
            model: try RunSettings.DataFile(path: modelOptions.model), method: method, maximumTokens: maximumTokens,
            cacheType: modelOptions.cacheType.description)
        (settings.limit, settings.judge) = (limit, judgeModel)
        settings.scoresThoughts = scoreThoughts ? true : nil
        return settings
    }

    func run(_ model: LanguageModel, _ modelOptions: ModelOptions) throws -> EvaluationRun {
        var judging: Judge?
        if let judge, let judgeModel {
            let key = ProcessInfo.processInfo.environment["AGD_JUDGE_KEY"].map {
                Secret($0.trimmingCharacters(in: .whitespacesAndNewlines))
            }
            let endpoint = try ChatEndpoint(url: judge, model: judgeModel, key: key)
            if endpoint.sendsKeyInClear {
                Terminal.note("--judge \(judge): AGD_JUDGE_KEY goes there unencrypted; https:// keeps it from others")
            }
            judging = Judge(endpoint)
        }
        return EvaluationRun(
            model, scorer: ReplyScorer(support: try support.map { path in try TextSupport(directory: path) } ?? .none),
            threadCount: modelOptions.threadCount, cacheType: modelOptions.cacheType,
            judge: judging, parallelCount: parallel, draft: draftOptions.draft)
    }
}

extension Benchmark: ExpressibleByArgument {}
