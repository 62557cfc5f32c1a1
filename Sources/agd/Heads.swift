import AGDInsight
import ArgumentParser
import AttributionGuidedDecoding
import Foundation

struct Heads: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Finds the attention heads that read the context, or those that carry what the model knows by heart.",
        discussion: """
              agd heads -m model.gguf --items items.jsonl --kind parametric --top 10 -o parametric.json
              agd generate -m model.gguf --user 'Where does Ann live?' --roi heads:@parametric.json

            Items are one JSON object a line, as in NQ-Swap: {"question", "gold", "counterfactual", "context"}, and perhaps \
            "answer_prefix", how the answer begins before the two answers part, and "context_role", system where the \
            context is a message of its own instead of standing before the question.
            """)

    @OptionGroup(title: "Model") var modelOptions: ModelOptions

    @Option(
        help: ArgumentHelp("Questions with gold and counterfactual answers, and contexts.", valueName: "file"),
        completion: .file())
    var items: String

    @Option(help: "Which heads: \(HeadIdentification.Kind.allCases.map(\.rawValue).joined(separator: " or ")).")
    var kind: HeadIdentification.Kind = .inContext

    @Option(help: ArgumentHelp("Heads to select.", valueName: "n"))
    var top = 100

    @Option(help: ArgumentHelp("Items to use at most.", valueName: "n"))
    var limit: Int?

    @Option(help: "How relevance propagates: \(PropagationRule.all.map(\.name).joined(separator: ", ")).")
    var rule: PropagationRule = .attnLRP

    @Option(
        name: .shortAndLong, help: ArgumentHelp("Where the JSON goes; stdout without it.", valueName: "file"),
        completion: .file())
    var output: String?

    @Option(help: ArgumentHelp("Draws the scores by layer and head.", valueName: "file.svg"), completion: .file())
    var plot: String?

    func validate() throws {
        try Terminal.checkOutput(plot, option: "--plot")
        try Terminal.checkOutput(output, option: "--output")
        try NumberOption.check(top, "--top", in: NumberOption.counts)
        try NumberOption.check(limit, "--limit", in: NumberOption.counts)
    }

    func run() throws {
        let items = try HeadIdentification.Item.read(path: items, limit: limit)
        let model = try modelOptions.load()
        let count = model.configuration.layerCount * model.configuration.headCount
        if top > count { Terminal.note("the model has \(count) heads; all are selected") }
        let bar = ProgressBar("looking at heads")
        let identification = try HeadIdentification(
            model, items, kind: kind, count: top, rule: rule, options: modelOptions.reverseOptions
        ) { bar.update($0) }
        bar.finish()
        if identification.skippedCount > 0 {
            Terminal.note("\(identification.skippedCount) items left out: their two answers begin with the same token")
        }
        try Terminal.write(Terminal.json(identification), to: output, option: "--output")
        if let plot { try Terminal.write(identification.plot, to: plot, option: "--plot") }
    }
}

extension HeadIdentification.Kind: ExpressibleByArgument {}
