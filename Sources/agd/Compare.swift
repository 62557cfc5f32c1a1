import ArgumentParser
import AttributionGuidedDecoding

struct Compare: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Decodes one prompt greedily and with each region, side by side.",
        discussion: """
              agd compare -m model.gguf --system 'Answer in Spanish.' --user 'Answer in English. Who is Ana?' \\
                  --roi system --roi user

            Each --roi is a column of its own. Where guidance chose otherwise than the model, the token is marked.
            """)

    @OptionGroup(title: "Model") var modelOptions: ModelOptions
    @OptionGroup(title: "Prompt and regions") var promptOptions: PromptOptions
    @OptionGroup(title: "Choice of tokens") var strategyOptions: StrategyOptions

    @Option(
        name: [.customShort("n"), .customLong("n-predict"), .customLong("max-tokens")],
        help: ArgumentHelp("Tokens generated at most.", valueName: "n"))
    var maximumTokens = 128

    @Option(help: "Marks guided tokens by colour: auto, always or never; without colour they stand in ⟦ ⟧.")
    var color: Terminal.Color = .auto

    func validate() throws {
        try NumberOption.check(maximumTokens, "--n-predict", in: NumberOption.tokens)
        if promptOptions.roi.isEmpty {
            throw ValidationError("Name at least one region with --roi, such as --roi system.")
        }
        if strategyOptions.strategy != nil || strategyOptions.settings != nil {
            throw ValidationError("agd compare chooses its strategies itself; drop --strategy and --settings.")
        }
        _ = try strategyOptions.method(hasRegion: true)
    }

    func run() async throws {
        let model = try modelOptions.load()
        let prompt = try promptOptions.resolve(for: model).prompt
        let session = try Session(
            model, options: modelOptions.sessionOptions(for: model, needed: prompt.tokens.count + maximumTokens))
        let threshold = try strategyOptions.method(hasRegion: true).guidance?.entropyThreshold
        var columns = [TextColumns.Column(title: "greedy", steps: try await decode(prompt, Greedy(), in: session))]
        var summaries: [String] = []
        for region in try promptOptions.regions {
            let strategy = try strategyOptions.decoding(
                of: MarkedPrompt(prompt, regions: [region]), model: model, reverse: modelOptions.reverseOptions
            ).strategy
            let steps = try await decode(prompt, strategy, in: session)
            columns.append(.init(title: "agd, region \(region)", steps: steps))
            summaries.append("region \(region): \(GuidanceSummary(steps, threshold: threshold).line())\n")
        }
        Terminal.writeStyled(TextColumns(columns: columns, hasColor: color.isOn).rendered(width: Terminal.width))
        Terminal.writeError(summaries.joined())
    }

    private func decode(
        _ prompt: Prompt, _ strategy: any DecodingStrategy, in session: Session
    ) async throws -> [GenerationStep] {
        let generation = try session.generate(
            prompt, strategy: strategy, limits: GenerationLimits(maximumTokens: maximumTokens))
        var steps: [GenerationStep] = []
        for try await step in generation { steps.append(step) }
        return steps
    }
}

extension TextColumns.Column {
    fileprivate init(title: String, steps: [GenerationStep]) {
        self.init(
            title: title,
            pieces: steps.map { TextColumns.Piece(text: $0.text, isMarked: $0.changedByGuidance) })
    }
}
