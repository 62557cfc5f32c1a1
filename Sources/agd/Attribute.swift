import ArgumentParser
import AttributionGuidedDecoding

struct Attribute: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Tells how much a region contributes to the logit of each target token after the prompt.",
        discussion: """
              agd attribute -m model.gguf --user 'Is it raining?' --target-text ' yes' --roi text:raining

            Without --roi the region is the whole prompt.
            """)

    enum Mode: String, ExpressibleByArgument, CaseIterable { case forward }

    @OptionGroup(title: "Model") var modelOptions: ModelOptions
    @OptionGroup(title: "Prompt and region") var promptOptions: PromptOptions

    @Option(help: ArgumentHelp("Target tokens by id.", valueName: "5,17"))
    var targets: String?

    @Option(help: ArgumentHelp("A target token by its text; may be repeated.", valueName: "text"))
    var targetText: [String] = []

    @Option(help: "How relevance propagates: \(PropagationRule.allCases.map(\.rawValue).joined(separator: ", ")).")
    var rule: PropagationRule = .attnLRP

    @Option(help: "forward: one pass for all targets.")
    var mode: Mode = .forward

    @Flag(help: "Prints a JSON object.")
    var json = false

    struct Report: Encodable {
        struct Target: Encodable { var id: Int, text: String, logit, roiScore: Double }
        var model, architecture, rule, mode: String
        var promptTokens: [Int]
        var targets: [Target]
    }

    func validate() throws {
        if targets == nil, targetText.isEmpty {
            throw ValidationError("Name a target with --targets or --target-text.")
        }
    }

    func run() async throws {
        let model = try modelOptions.load()
        let (prompt, named) = try promptOptions.resolve(for: model)
        let region = promptOptions.roi.isEmpty ? .allTokens : named
        let session = try Session(model, options: modelOptions.sessionOptions(for: model, needed: prompt.tokens.count))
        let bar = ProgressBar("reading the prompt")
        let attributions = try await session.attribution(
            of: try targetIDs(model), after: prompt, region: region, rule: rule
        ) {
            bar.update(Double($0) / Double(prompt.tokens.count))
        }
        bar.finish()
        let rows = attributions.map {
            Report.Target(
                id: $0.token, text: model.tokenizer?.text(of: $0.token) ?? "", logit: $0.logit, roiScore: $0.regionScore
            )
        }
        if json {
            try Terminal.writeJSON(
                Report(
                    model: modelOptions.model, architecture: model.configuration.architecture, rule: rule.rawValue,
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
        }
    }

    private func targetIDs(_ model: LanguageModel) throws -> [Int] {
        var ids = try targets.map { try PromptOptions.tokenIDs($0, option: "--targets") } ?? []
        for text in targetText {
            guard let tokenizer = model.tokenizer else { throw PromptError.noVocabulary }
            let tokens = tokenizer.tokenize(text, parsesSpecialTokens: true)
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
