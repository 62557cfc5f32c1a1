import AGDInsight
import ArgumentParser
import AttributionGuidedDecoding
import Foundation

struct Generate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Completes a prompt, steered towards the region named with --roi.",
        discussion: """
              agd generate -m model.gguf --system 'Answer in Spanish.' --user 'Where is the cat?' --roi system -n 64

            Text streams to stdout. With colour, tokens where guidance chose otherwise than the model are marked, and
            the model's thoughts are dimmed.
            """)

    @OptionGroup(title: "Model") var modelOptions: ModelOptions
    @OptionGroup(title: "Prompt and region") var promptOptions: PromptOptions
    @OptionGroup(title: "Choice of tokens") var strategyOptions: StrategyOptions

    @OptionGroup(title: "Constraints") var constraintOptions: ConstraintOptions

    @Option(
        name: [.customShort("n"), .customLong("n-predict"), .customLong("max-tokens")], parsing: .unconditional,
        help: ArgumentHelp("Tokens generated at most; -1 until the context is full.", valueName: "n"))
    var maximumTokens = -1

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp("Ends the answer before this text; may be repeated.", valueName: "text"))
    var stop: [String] = []

    @Flag(help: "Goes on after the model's end-of-generation tokens.")
    var ignoreEos = false

    @OptionGroup var draftOptions: DraftOptions

    @Option(help: "Marks guided tokens: auto, always or never.")
    var color: Terminal.Color = .auto

    @OptionGroup(title: "Sources") var sourceOptions: SourceOptions

    @Flag(help: "Prints one JSON object with every step instead of the text.")
    var json = false

    func validate() throws {
        let method = try method
        if !method.needsRegion, !promptOptions.roi.isEmpty, !promptOptions.showRoi, !json {
            throw ValidationError(
                "--roi has no effect with --strategy \(method.name), which needs no region; leave it out, or show it with --show-roi."
            )
        }
        // -1 is until the context is full.
        try NumberOption.check(maximumTokens, "--n-predict", in: -1...NumberOption.tokens.upperBound)
        if stop.contains("") {
            throw ValidationError("--stop must not be empty: it would end every answer before it begins.")
        }
    }

    private var method: DecodingMethod {
        get throws {
            let hasRegion = try !promptOptions.roi.isEmpty || !strategyOptions.standingRegions.isEmpty
            return try strategyOptions.method(hasRegion: hasRegion)
        }
    }

    func run() async throws {
        let clock = ContinuousClock()
        let constraints = try constraintOptions.constraints()
        let model = try modelOptions.load()
        let marked = try promptOptions.resolve(for: model, standing: strategyOptions.standingRegions)
        let (prompt, strategy) = try strategyOptions.decoding(
            of: marked, model: model, reverse: modelOptions.reverseOptions)
        try sourceOptions.check(prompt)
        let longest = strategy.needs.longestPrompt(beside: prompt)
        let wanted = maximumTokens < 0 ? 4096 : maximumTokens
        var options = modelOptions.sessionOptions(for: model, needed: longest + max(1, wanted))
        options.draft = draftOptions.draft
        let session = try Session(model, options: options)
        let bar = ProgressBar("reading the prompt")
        let generation =
            maximumTokens == 0
            ? nil
            : try session.generate(
                prompt, strategy: strategy,
                limits: GenerationLimits(
                    maximumTokens: maximumTokens < 0 ? nil : maximumTokens, stopStrings: stop,
                    ignoresEndOfGeneration: ignoreEos), constraints: constraints
            ) { bar.update(Double($0) / Double(prompt.tokens.count)) }

        let start = clock.now
        var firstStep: ContinuousClock.Instant?
        let generating = ProgressBar("generating")
        var display = AnswerDisplay(
            model.replyReader(after: prompt), inColor: color.isOn, isSilent: json || sourceOptions.areWanted)
        var iterator = generation?.makeAsyncIterator()
        while let step = try await iterator?.next() {
            if firstStep == nil {
                bar.finish()
                firstStep = clock.now
            }
            display.show(step)
            if sourceOptions.areWanted { generating.update(Double(display.steps.count) / Double(max(1, wanted))) }
        }
        let end = clock.now
        generating.finish()
        display.finish()
        let steps = display.steps
        let sources = try sourceOptions.sources(
            of: AnswerToken.all(steps, pieces: display.pieces), after: prompt, model: model,
            reverse: modelOptions.reverseOptions)
        try sourceOptions.tell(sources)
        if json {
            let timing = GenerationReport.Timing(
                prefillSeconds: start.seconds(to: firstStep ?? end), decodeSeconds: (firstStep ?? end).seconds(to: end),
                promptTokens: prompt.tokens.count, completionTokens: steps.count)
            try Terminal.writeJSON(
                GenerationReport(
                    model, path: modelOptions.model, prompt, marked.region, strategy, steps: steps,
                    pieces: display.pieces,
                    timing: timing, sources: sources))
        } else {
            if let sources { Terminal.write(sources.text(of: display.answer)) }
            if let guidance = try method.guidance, !steps.isEmpty {
                let summary = GuidanceSummary(steps, threshold: guidance.entropyThreshold)
                Terminal.writeError(summary.line(inColor: color.isOn && sources == nil) + "\n")
            }
            if let kept = steps.avoidanceLine { Terminal.writeError(kept + "\n") }
        }
    }
}

extension ContinuousClock.Instant {
    func seconds(to end: ContinuousClock.Instant) -> Double { duration(to: end) / .seconds(1) }
}
