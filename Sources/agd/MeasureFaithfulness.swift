import AGDInsight
import ArgumentParser
import AttributionGuidedDecoding

struct MeasureFaithfulness: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "faithfulness",
        abstract: "Tests whether relevance says what a prediction hangs on, by taking away what it points at.",
        discussion: """
              agd faithfulness -m model.gguf --prompts prompts.jsonl --limit 50

            Prompts are one JSON object a line: {"messages": [{"role", "content"}], "region": ["system"]} or {"prompt"}. \
            Input tokens and attention heads are set to zero in order of relevance, for each rule and in random order; and \
            the score of a region for each candidate is compared with what the candidate loses without the region.
            """)

    @OptionGroup(title: "Model") var modelOptions: ModelOptions

    @OptionGroup(title: "Prompts and region") var promptListOptions: PromptListOptions

    @Option(help: ArgumentHelp("Points of a curve.", valueName: "n"))
    var steps = 10

    @Option(help: ArgumentHelp("Draws the curves; NAME-tokens.svg and NAME-heads.svg.", valueName: "name"))
    var plot: String?

    @Flag(help: "Prints a JSON object.")
    var json = false

    func validate() throws {
        if let plot { try Terminal.checkOutput("\(plot)-tokens.svg", option: "--plot") }
        try NumberOption.check(steps, "--steps", in: 1...1000)
    }

    func run() throws {
        let items = try PromptItem.read(path: promptListOptions.prompts, limit: promptListOptions.limit)
        let model = try modelOptions.load()
        var options = Faithfulness.Options()
        options.steps = steps
        options.attribution = modelOptions.reverseOptions
        let bar = ProgressBar("taking away")
        let result = try Faithfulness(model, items, regions: promptListOptions.regions, options: options) {
            bar.update($0)
        }
        bar.finish()
        if let plot {
            try Terminal.write(result.plot(ofHeads: false), to: "\(plot)-tokens.svg", option: "--plot")
            try Terminal.write(result.plot(ofHeads: true), to: "\(plot)-heads.svg", option: "--plot")
        }
        json ? try Terminal.writeJSON(result) : Terminal.write(report(result))
    }

    private func report(_ result: Faithfulness) -> String {
        func interval(_ estimate: Estimate) -> String {
            "\(estimate.mean.formatted(decimals: 3)) [\(estimate.low.formatted(decimals: 3)), \(estimate.high.formatted(decimals: 3))]"
        }
        var text =
            "Area between least and most relevant first, in logits, with 95 % intervals; \(result.promptCount) prompts.\n\n"
        text +=
            TextTable(
                ["order", "input tokens", "attention heads"],
                zip(result.tokens, result.heads).map { [$0.name, interval($0.area), interval($1.area)] }
            ).rendered
        if let region = result.region {
            text +=
                "\nScore of the region against the logit's drop without it: \(region.candidateCount) candidates at \(region.stepCount) steps.\n"
            text +=
                "correlation \(interval(region.correlation)), within steps \(interval(region.correlationWithinSteps))\n"
            text +=
                "the best score loses most at \((100 * region.bestAgrees).formatted(decimals: 1)) % of steps, "
                + "by chance \((100 * region.byChance).formatted(decimals: 1)) %\n"
        }
        return text
    }
}
