import AGDEvaluation
import AGDInsight
import ArgumentParser
import AttributionGuidedDecoding

struct MeasureAvoidance: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "avoidance",
        abstract:
            "Measures how well words are kept out of answers, and what the answers are worth, by several methods.",
        discussion: """
              agd avoidance -m model.gguf --data Benchmarks/avoided-words.jsonl --output replies.jsonl

            A line has a "question" and the "word" that is forbidden. Started again with the same output it goes on where it \
            stopped, and adds items and methods that are new.
            """)

    @OptionGroup(title: "Model") var modelOptions: ModelOptions

    @Option(help: ArgumentHelp("Questions and words, an object a line.", valueName: "file"), completion: .file())
    var data: String

    @Option(
        help: ArgumentHelp(
            "Methods, separated by commas: \(AvoidanceMethod.allCases.map(\.rawValue).joined(separator: ", ")). By default all.",
            valueName: "names"))
    var methods = AvoidanceMethod.allCases.map(\.rawValue).joined(separator: ",")

    @Option(help: ArgumentHelp("The first so many items of the file.", valueName: "n"))
    var limit: Int?

    @OptionGroup var comparison: ComparisonOptions

    func validate() throws {
        try NumberOption.check(limit, "--limit", in: NumberOption.counts)
        _ = try chosenMethods
    }

    private var chosenMethods: [AvoidanceMethod] {
        get throws { try ComparedMethods.named(methods, of: AvoidanceMethod.allCases, by: \.rawValue) }
    }

    func run() async throws {
        let items = try Array(AvoidanceItem.read(path: data).prefix(limit ?? .max))
        let model = try modelOptions.load()
        var run = try AvoidanceRun(
            model, threadCount: modelOptions.reverseOptions.threadCount, maximumTokens: comparison.maximumTokens,
            path: comparison.output)
        let bar = ProgressBar("answering with words forbidden")
        try await run.measure(items, by: try chosenMethods) { bar.update(Double($0) / Double(items.count)) }
        bar.finish()
        let ids = Set(items.map(\.id))
        let report = AvoidanceReport(run.results.filter { $0.model == model.path && ids.contains($0.id) })
        try comparison.write(report) { report in
            TextTable(
                ["method", "items", "word", "its letters", "perplexity", "repeated", "tokens", "avoided", "begun"],
                report.rows.map { row in
                    [row.method, "\(row.itemCount)", row.hasWord.percentages, row.hasLetters.percentages]
                        + [row.perplexity.formatted(decimals: 2), row.repeated.percentages]
                        + [row.tokenCount.formatted(decimals: 0), "\(row.avoidedSteps)", "\(row.begunSteps)"]
                }
            ).rendered
        }
    }
}
