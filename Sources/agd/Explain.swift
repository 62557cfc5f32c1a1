import AGDInsight
import ArgumentParser
import AttributionGuidedDecoding

struct Explain: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Shows which words of a prompt and which attention heads carry each word of the answer.",
        discussion: """
              agd explain -m model.gguf --system 'Never say "river".' --user 'What flows here?' --roi system -o why.html

            The page needs nothing but a browser. Other formats: svg (a plot), text (for a terminal), json (data).
            """)

    enum Format: String, ExpressibleByArgument, CaseIterable { case html, svg, json, text }

    @OptionGroup(title: "Model") var modelOptions: ModelOptions
    @OptionGroup(title: "Prompt and region") var promptOptions: PromptOptions
    @OptionGroup(title: "Choice of tokens") var strategyOptions: StrategyOptions

    @Option(
        name: [.customShort("n"), .customLong("n-predict"), .customLong("max-tokens")],
        help: ArgumentHelp("Tokens generated at most.", valueName: "n"))
    var maximumTokens = 64

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Explains this answer instead of generating one.", valueName: "text"))
    var completion: String?

    @Option(help: "What comes out: \(Format.allCases.map(\.rawValue).joined(separator: ", ")).")
    var format: Format = .html

    @Option(
        name: .shortAndLong, help: ArgumentHelp("Where it goes; stdout without it.", valueName: "file"),
        completion: .file())
    var output: String?

    @Option(
        help: ArgumentHelp(
            "Explains the nth token of the answer alone, counted from 1, which takes one pass back; all without it.",
            valueName: "n"))
    var word: Int?

    @Flag(help: "Compares the candidates of each guided step instead: the region's relevance for each, layer by layer.")
    var contrast = false

    @Option(
        help: ArgumentHelp("For text and json: also the n neurons that carry most of each token.", valueName: "n"))
    var neurons: Int?

    @Option(help: "Colours in text: auto, always or never.")
    var color: Terminal.Color = .auto

    func validate() throws {
        try Terminal.checkOutput(output, option: "--output")
        try NumberOption.check(maximumTokens, "--n-predict", in: NumberOption.tokens)
        try NumberOption.check(word, "--word", in: NumberOption.tokens)
        try NumberOption.check(neurons, "--neurons", in: NumberOption.counts)
        if neurons != nil, ![.text, .json].contains(format) || contrast {
            throw ValidationError("--neurons comes with --format text or json, without --contrast.")
        }
        _ = try method
        if contrast, ![.text, .json].contains(format) {
            throw ValidationError("--contrast comes with --format text or json.")
        }
        if contrast, word != nil {
            throw ValidationError("--contrast compares the candidates of every guided step; drop --word.")
        }
        if contrast, promptOptions.roi.isEmpty {
            throw ValidationError("--contrast needs a region: name one with --roi.")
        }
    }

    private var method: DecodingMethod {
        get throws {
            let hasRegion = try !promptOptions.roi.isEmpty || !strategyOptions.standingRegions.isEmpty
            return try strategyOptions.method(hasRegion: hasRegion)
        }
    }

    func run() async throws {
        let model = try modelOptions.load()
        let marked = try promptOptions.resolve(for: model, standing: strategyOptions.standingRegions)
        let (prompt, region) = (marked.prompt, marked.region)
        let (edited, guided) = try strategyOptions.decoding(
            of: marked, model: model, reverse: modelOptions.reverseOptions)
        if edited.tokens != prompt.tokens {
            throw ValidationError(
                "agd explain shows what the prompt itself leads to; drop --strategy \(try method.name), which edits it."
            )
        }
        let dictated = try completion.map { try tokens(of: $0, model) }
        let strategy: any DecodingStrategy = dictated.map { Dictated($0, adviser: guided) } ?? guided
        let count = dictated?.count ?? maximumTokens
        let steps = try await generate(model, prompt, strategy, count: count, isDictated: dictated != nil)
        if let word, word > steps.count {
            throw ValidationError("--word \(word): the answer has \(steps.count) tokens.")
        }
        let bar = ProgressBar("sending relevance back")
        defer { bar.finish() }
        if contrast {
            let contrast = try Contrast(
                steps, after: prompt, region: region, rule: strategy.needs.rule, model: model,
                options: modelOptions.reverseOptions
            ) { bar.update($0) }
            return try write(format == .json ? Terminal.json(contrast) : contrast.text)
        }
        let explanation = try Explanation(
            steps, only: word.map { $0 - 1 }, after: prompt, by: strategy, model: model, region: region,
            specifications: marked.specifications, entropyThreshold: try method.guidance?.entropyThreshold,
            neuronCount: neurons ?? 0, options: modelOptions.reverseOptions
        ) { bar.update($0) }
        // Of one token, that is all there is.
        let step = word.map { _ in 0 }
        switch format {
        case .html: try write(explanation.html())
        case .svg: try write(explanation.svg(step: step))
        case .text: try writeText(of: explanation, step: step)
        case .json: try write(Terminal.json(explanation))
        }
    }

    private func writeText(of explanation: Explanation, step: Int?) throws {
        let text = explanation.text(step: step, inColor: output == nil && color.isOn || color == .always)
        if output == nil { Terminal.writeStyled(text) } else { try write(text) }
    }

    private func tokens(of completion: String, _ model: LanguageModel) throws -> [Int] {
        guard let tokenizer = model.tokenizer else { throw PromptError.noVocabulary }
        let tokens = try tokenizer.tokenize(completion, parsesSpecialTokens: true)
        guard !tokens.isEmpty else { throw ValidationError("--completion is empty.") }
        return tokens
    }

    private func generate(
        _ model: LanguageModel, _ prompt: Prompt, _ strategy: any DecodingStrategy, count: Int, isDictated: Bool
    ) async throws -> [GenerationStep] {
        let session = try Session(
            model, options: modelOptions.sessionOptions(for: model, needed: prompt.tokens.count + count))
        let bar = ProgressBar("generating")
        defer { bar.finish() }
        var steps: [GenerationStep] = []
        let limits = GenerationLimits(maximumTokens: count, ignoresEndOfGeneration: isDictated)
        for try await step in try session.generate(prompt, strategy: strategy, limits: limits) {
            steps.append(step)
            bar.update(Double(steps.count) / Double(count))
        }
        return steps
    }

    private func write(_ text: String) throws { try Terminal.write(text, to: output, option: "--output") }
}
