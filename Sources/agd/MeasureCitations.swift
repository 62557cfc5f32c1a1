import AGDEvaluation
import AGDInsight
import ArgumentParser
import AttributionGuidedDecoding

struct MeasureCitations: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "citations",
        abstract: "Measures how often the documents that an answer is said to rest on are those that hold it.",
        discussion: """
              agd citations -m model.gguf --data hotpot_dev_distractor_v1.json --limit 50 --output citations.jsonl

            Items are HotpotQA's, with ten paragraphs of which two are gold. The model answers each greedily; every method ranks \
            the paragraphs. Started again with the same output it goes on where it stopped, and adds methods that are new.
            """)

    @OptionGroup(title: "Model") var modelOptions: ModelOptions

    @Option(
        help: ArgumentHelp("HotpotQA's distractor file, packed with gzip or not.", valueName: "file"),
        completion: .file())
    var data: String

    @Option(
        help: ArgumentHelp(
            "Methods, separated by commas: \(CitationMethod.all.map(\.name).joined(separator: ", ")).",
            valueName: "names"))
    var methods = "attnlrp,cp-lrp,overlap"

    @Option(help: ArgumentHelp("The first so many items of the file.", valueName: "n"))
    var limit: Int?

    @Option(
        help: ArgumentHelp(
            "Computes how likely the answer is with so many draws of half of the documents, which tells how well a method's scores add up.",
            valueName: "n"))
    var ablations = 0

    @OptionGroup var comparison: ComparisonOptions

    func validate() throws {
        try NumberOption.check(limit, "--limit", in: NumberOption.counts)
        try NumberOption.check(ablations, "--ablations", in: 0...1000)
        _ = try chosenMethods
    }

    private var chosenMethods: [CitationMethod] {
        get throws { try ComparedMethods.named(methods, of: CitationMethod.all, by: \.name) }
    }

    func run() async throws {
        let items = try Array(CitationItem.read(path: data).prefix(limit ?? .max))
        let model = try modelOptions.load()
        var options = CitationRun.Options()
        options.methods = try chosenMethods
        options.answerLength = comparison.maximumTokens
        options.ablationCount = ablations
        options.reverse = modelOptions.reverseOptions
        var run = try CitationRun(model, options: options, path: comparison.output)
        let bar = ProgressBar("answering and looking for sources")
        try await run.measure(items) { bar.update(Double($0) / Double(items.count)) }
        bar.finish()
        let wanted = Set(items.map(\.id))
        let report = CitationReport(run.results.filter { $0.model == model.path && wanted.contains($0.id) })
        try comparison.write(report) { report in
            TextTable(
                [
                    "method", "items", "precision at 1", "precision at 2", "recall at 2", "loss without the leader",
                    "linear score", "seconds", "over reading",
                ],
                report.rows.map { row in
                    [row.method, "\(row.itemCount)"]
                        + [row.precisionAt1, row.precisionAt2, row.recallAt2, row.lossAt1, row.linearScore].map(
                            interval)
                        + [row.seconds.formatted(decimals: 1), row.secondsOverReading.formatted(decimals: 1)]
                }
            ).rendered
        }
    }

    private func interval(_ estimate: Estimate?) -> String {
        guard let estimate else { return "" }
        let numbers = [estimate.mean, estimate.low, estimate.high].map { $0.formatted(decimals: 2) }
        return "\(numbers[0]) [\(numbers[1]), \(numbers[2])]"
    }
}
