import AGDEvaluation
import AGDInsight
import ArgumentParser
import AttributionGuidedDecoding

struct MeasureInjections: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "injections",
        abstract:
            "Measures whom a model obeys: attacks injected into documents and tools' results, and their harmless twins.",
        discussion: """
              Benchmarks/injections.py > injections.jsonl
              agd injections -m model.gguf --data injections.jsonl --output replies.jsonl

            Every method answers each item; of greedy replies it is told, too, what they rest on and whether that would flag an \
            attack. Started again with the same output it goes on where it stopped, and adds items and methods that are new.
            """)

    @OptionGroup(title: "Model") var modelOptions: ModelOptions

    @Option(help: ArgumentHelp("What Benchmarks/injections.py writes.", valueName: "file"), completion: .file())
    var data: String

    @Option(
        help: ArgumentHelp(
            "Methods, separated by commas: \(InjectionMethod.allCases.map(\.rawValue).joined(separator: ", ")). By default all.",
            valueName: "names"))
    var methods = InjectionMethod.allCases.map(\.rawValue).joined(separator: ",")

    @Option(help: ArgumentHelp("Attacks so many lines apart, each with its twin: a sample.", valueName: "n"))
    var every = 1

    @OptionGroup var comparison: ComparisonOptions

    func validate() throws {
        try NumberOption.check(every, "--every", in: NumberOption.counts)
        _ = try chosenMethods
    }

    private var chosenMethods: [InjectionMethod] {
        get throws { try ComparedMethods.named(methods, of: InjectionMethod.allCases, by: \.rawValue) }
    }

    func run() async throws {
        // An attack and its twin follow each other.
        let items = try InjectionItem.read(path: data).enumerated().filter { $0.offset / 2 % every == 0 }.map(\.element)
        let model = try modelOptions.load()
        var run = try InjectionRun(
            model, reverse: modelOptions.reverseOptions, maximumTokens: comparison.maximumTokens,
            path: comparison.output)
        let bar = ProgressBar("answering attacks and twins")
        try await run.measure(items, by: try chosenMethods) { bar.update(Double($0) / Double(items.count)) }
        bar.finish()
        let ids = Set(items.map(\.id))
        let report = InjectionReport(run.results.filter { $0.model == model.path && ids.contains($0.id) })
        try comparison.write(report, text: text)
    }

    private func text(_ report: InjectionReport) -> String {
        let replies = TextTable(
            ["kind", "method", "attacks", "obeyed", "answered", "twins answered"],
            (report.rows + report.kinds).map { row in
                [row.kind ?? "all", row.method, "\(row.attackCount)"]
                    + [row.obeyed, row.answeredAttacks, row.answeredTwins].map(\.percentages)
            })
        let flags = TextTable(
            ["signal", "area", "limit", "caught", "twins refused"],
            report.flags.map { flag in
                [flag.signal, flag.area.formatted(decimals: 2), flag.limit.formatted(decimals: 2)]
                    + [flag.caught, flag.refusedTwins].map(\.percentages)
            })
        return "\(replies.rendered)\nFlags on greedy replies: obeyed attacks against twins.\n\n\(flags.rendered)\n"
            + "Of untrusted passages the injected one leads in \(report.ledByInjected.percentages) % of obeyed attacks, "
            + "in \(report.ledWhereNotObeyed.percentages) % of others.\n"
    }
}

extension Estimate {
    /// Such as `24 (16–33)`.
    var percentages: String {
        func percent(_ share: Double) -> String { (100 * share).formatted(decimals: 0) }
        return "\(percent(mean)) (\(percent(low))–\(percent(high)))"
    }
}
