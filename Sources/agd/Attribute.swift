import ArgumentParser
import AttributionGuidedDecoding

struct Attribute: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Tells how much a region contributes to the logit of each target token after the prompt.",
        discussion: """
              agd attribute -m model.gguf --user 'Is it raining?' --target-text ' yes' --roi text:raining

            Without --roi the region is the whole prompt.
            """)

    enum Mode: String, ExpressibleByArgument, CaseIterable { case forward, reverse }

    @OptionGroup(title: "Model") var modelOptions: ModelOptions
    @OptionGroup(title: "Prompt and region") var promptOptions: PromptOptions

    @Option(parsing: .unconditional, help: ArgumentHelp("Target tokens by id.", valueName: "5,17"))
    var targets: String?

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp("A target token by its text; may be repeated.", valueName: "text"))
    var targetText: [String] = []

    @Option(help: "How relevance propagates: \(PropagationRule.all.map(\.name).joined(separator: ", ")).")
    var rule: PropagationRule = .attnLRP

    @Option(
        help:
            "forward: one pass for all targets. reverse: a pass back for each, which also tells each token's and each head's relevance."
    )
    var mode: Mode = .forward

    @Option(
        help: ArgumentHelp("Also tells the n neurons that carry most of each target; in reverse mode.", valueName: "n"))
    var neurons: Int?

    @Flag(help: "Prints a JSON object.")
    var json = false

    struct Report: Encodable {
        struct Target: Encodable {
            var id: Int, text: String
            /// Where the text can't be exact, for the token is not whole characters.
            var bytes: [UInt8]?
            var logit, roiScore: Double
            /// Reverse mode only: the relevance of each prompt token, and of each layer's heads, summed over positions.
            var tokens: [Double]?
            var heads: [[Double]]?
            /// Those asked for, the strongest first.
            var neurons: [Attribution.NeuronRelevance]?
        }
        var model, architecture, rule, mode: String
        var promptTokens: [Int]
        var targets: [Target]
    }

    func validate() throws {
        if targets == nil, targetText.isEmpty {
            throw ValidationError("Name a target with --targets or --target-text.")
        }
        try NumberOption.check(neurons, "--neurons", in: NumberOption.counts)
        if neurons != nil, mode != .reverse { throw ValidationError("--neurons needs --mode reverse.") }
    }

    func run() async throws {
        let model = try modelOptions.load()
        let marked = try promptOptions.resolve(for: model)
        let prompt = marked.prompt
        let region = promptOptions.roi.isEmpty ? .allTokens : marked.region
        let rows = try await mode == .forward ? pushForward(model, prompt, region) : pullBack(model, prompt, region)
        if json {
            try Terminal.writeJSON(
                Report(
                    model: modelOptions.model, architecture: model.configuration.architecture, rule: rule.name,
                    mode: mode.rawValue, promptTokens: prompt.tokens, targets: rows))
        } else {
            Terminal.write(
                TextTable(
                    ["token", "text", "logit", "relevance of region"],
                    rows.map {
                        [
                            "\($0.id)", "\"\($0.text)\"", $0.logit.formatted(decimals: 4),
                            $0.roiScore.formatted(decimals: 4),
                        ]
                    }
                ).rendered)
            if neurons != nil { Terminal.write("\n" + Self.neuronTable(rows).rendered) }
        }
    }

    private static func neuronTable(_ rows: [Report.Target]) -> TextTable {
        TextTable(
            ["token", "text", "neuron", "relevance"],
            rows.flatMap { row in
                (row.neurons ?? []).map {
                    [
                        "\(row.id)", "\"\(row.text)\"", "\($0.layer).\($0.index)",
                        $0.relevance.formatted(decimals: 4),
                    ]
                }
            })
    }

    private func pushForward(_ model: LanguageModel, _ prompt: Prompt, _ region: RegionOfInterest) async throws
        -> [Report.Target]
    {
        let session = try Session(model, options: modelOptions.sessionOptions(for: model, needed: prompt.tokens.count))
        let bar = ProgressBar("reading the prompt")
        defer { bar.finish() }
        let attributions = try await session.attribution(
            of: try targetIDs(model), after: prompt, region: region, rule: rule
        ) {
            bar.update(Double($0) / Double(prompt.tokens.count))
        }
        return attributions.map {
            Report.Target(
                id: $0.token, text: model.tokenizer?.text(of: $0.token) ?? "",
                bytes: model.tokenizer?.inexactBytes(of: $0.token), logit: $0.logit, roiScore: $0.regionScore
            )
        }
    }

    private func pullBack(_ model: LanguageModel, _ prompt: Prompt, _ region: RegionOfInterest) throws -> [Report
        .Target]
    {
        let bar = ProgressBar("sending relevance back")
        defer { bar.finish() }
        let targets = try targetIDs(model).map { AttributionTarget(token: $0, position: prompt.tokens.count - 1) }
        let reading = try ReverseAttribution(model, tokens: prompt.tokens, options: modelOptions.reverseOptions) {
            bar.update($0 / 2)
        }
        var inside = ReverseAttribution.Inside(for: [region])
        if neurons != nil { inside.hasNeurons = true }
        return try reading.attribute(targets, rule: rule, inside: inside) { bar.update(0.5 + $0 / 2) }.map {
            Report.Target(
                id: $0.target.token, text: model.tokenizer?.text(of: $0.target.token) ?? "",
                bytes: model.tokenizer?.inexactBytes(of: $0.target.token), logit: $0.logit,
                roiScore: $0.relevance(of: region), tokens: $0.tokens, heads: $0.heads.map(\.allPositions),
                neurons: neurons.map($0.strongestNeurons))
        }
    }

    private func targetIDs(_ model: LanguageModel) throws -> [Int] {
        var ids = try targets.map { try PromptOptions.tokenIDs($0, option: "--targets") } ?? []
        for text in targetText {
            guard let tokenizer = model.tokenizer else { throw PromptError.noVocabulary }
            let tokens = try tokenizer.tokenize(text, parsesSpecialTokens: true)
            guard tokens.count == 1 else {
                let pieces = tokens.map { "\($0) \"\(tokenizer.text(of: $0))\"" }.joined(separator: ", ")
                throw ValidationError(
                    "--target-text: \"\(text)\" is \(tokens.count) tokens (\(pieces)); a target is one token. Give its id with --targets."
                )
            }
            ids += tokens
        }
        return ids
    }
}
