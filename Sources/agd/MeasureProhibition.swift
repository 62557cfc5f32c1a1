import AGDInsight
import ArgumentParser
import AttributionGuidedDecoding

struct MeasureProhibition: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prohibition",
        abstract: "Compares what a prohibition says about the forbidden word with what it says about other candidates.",
        discussion: """
              agd prohibition -m model.gguf --prompts forbidden.jsonl

            Prompts are one JSON object a line: {"messages": [{"role", "content"}], "region": ["system"], "forbidden": ["river"]}, \
            or with Microcosm's "checks", whose excludes name the words. Of each prompt counts the first step of greedy \
            decoding at which a forbidden word is one of several candidates. For one prompt see agd explain --contrast.
            """)

    @OptionGroup(title: "Model") var modelOptions: ModelOptions

    @OptionGroup(title: "Prompts and region") var promptListOptions: PromptListOptions

    @Option(help: "How relevance propagates: \(PropagationRule.all.map(\.name).joined(separator: ", ")).")
    var rule: PropagationRule = .attnLRP

    @Option(help: ArgumentHelp("Least probability of a candidate.", valueName: "p"))
    var minProbability = 0.05

    @Option(
        name: [.customShort("n"), .customLong("n-predict")],
        help: ArgumentHelp("Tokens decoded at most for each prompt.", valueName: "n"))
    var maximumTokens = 64

    @Option(help: ArgumentHelp("Draws relevance by layer.", valueName: "file.svg"), completion: .file())
    var plot: String?

    @Flag(help: "Prints a JSON object.")
    var json = false

    func validate() throws {
        try Terminal.checkOutput(plot, option: "--plot")
        try NumberOption.check(maximumTokens, "--n-predict", in: NumberOption.tokens)
        if !(0...1).contains(minProbability) { throw ValidationError("--min-probability must be between 0 and 1.") }
    }

    func run() async throws {
        let items = try ProhibitionItem.read(path: promptListOptions.prompts, limit: promptListOptions.limit)
        let model = try modelOptions.load()
        let bar = ProgressBar("looking at prohibitions")
        let result = try await Prohibition(
            model, items, regions: promptListOptions.regions, rule: rule,
            candidates: CandidateRule(minimumProbability: minProbability),
            answerLength: maximumTokens, options: modelOptions.reverseOptions
        ) { bar.update($0) }
        bar.finish()
        if let plot { try Terminal.write(result.plot, to: plot, option: "--plot") }
        json ? try Terminal.writeJSON(result) : Terminal.write(report(result))
    }

    private func report(_ result: Prohibition) -> String {
        let last = result.layers.count - 1
        let rows =
            [("probability", result.probability), ("relevance of the region", result.relevance)]
            + [("its share of all relevance", result.share)]
            + result.layers.enumerated().map { ($0 == last ? "after the last layer" : "entering layer \($0)", $1) }
        return
            "A forbidden word was one of several candidates in \(result.stepCount) of \(result.promptCount) prompts; means with 95 % intervals.\n\n"
            + TextTable(
                ["", "forbidden word", "other candidates", "difference", "lower than the others'"],
                rows.map { name, comparison in
                    [name]
                        + [comparison.forbidden, comparison.others, comparison.difference].map { interval($0) }
                        + [interval(comparison.lower, percent: true)]
                }
            ).rendered
    }

    private func interval(_ estimate: Estimate, percent: Bool = false) -> String {
        let numbers = [estimate.mean, estimate.low, estimate.high].map {
            (percent ? 100 * $0 : $0).formatted(decimals: percent ? 0 : 3)
        }
        return "\(numbers[0])\(percent ? " %" : "") [\(numbers[1]), \(numbers[2])]"
    }
}
