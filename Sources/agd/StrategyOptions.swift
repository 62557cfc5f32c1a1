import ArgumentParser
import AttributionGuidedDecoding

/// How the next token is chosen.
struct StrategyOptions: ParsableArguments {
    typealias Name = DecodingMethod.Name

    @Option(
        help: ArgumentHelp(
            "How tokens are chosen; by default agd where a region is given, else greedy.",
            valueName: Name.allCases.map(\.rawValue).joined(separator: "|")))
    var strategy: Name?

    @Option(
        help:
            "How relevance propagates: \(PropagationRule.all.map(\.name).joined(separator: ", ")); by default \(PropagationRule.attnLRP.name)."
    )
    var rule: PropagationRule?

    @Option(
        help:
            "What candidates are ranked by: sum (the region's relevance) or excess (its share beyond the usual); by default sum."
    )
    var score: AttributionGuided.Score?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Candidates at most; by default \(CandidateRule().count).", valueName: "k"))
    var candidates: Int?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Least probability of a candidate; by default \(CandidateRule().minimumProbability).", valueName: "p"))
    var minProbability: Double?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Guides only where the entropy in nats is at least this; off guides every step; by default \(AttributionGuided.paperEntropyThreshold).",
            valueName: "nats|off"))
    var entropyThreshold: DecodingOptions.EntropyThreshold?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "cad: how much is taken away of what the model would say without the region; by default \(DecodingMethod.standardAlpha).",
            valueName: "x"))
    var alpha: Double?

    @Option(
        help: ArgumentHelp(
            "dola: layers to contrast with, low, high or a list; by default high.", valueName: "low|high|0,2,4"))
    var dolaLayers: LayerContrast.Layers?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "dola: makes tokens that have occurred less likely; 1, which is off, by default.", valueName: "x"))
    var repetitionPenalty: Double?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "agd-blend: weight of the standardised score against log p; by default \(DecodingMethod.standardLambda).",
            valueName: "x"))
    var lambda: Double?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "dola (0.1), agd-blend (0.01): least share of the most probable token's probability.", valueName: "p"))
    var plausibility: Double?

    @Option(
        help: "When tangents are computed: eager (with each step) or deferred (when the gate opens); by default eager.")
    var tangents: TangentSchedule?

    @Option(
        name: .customLong("temp"), parsing: .unconditional,
        help: ArgumentHelp("Sampling temperature; 0 is greedy.", valueName: "t"))
    var temperature: Double?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Samples from the k most probable tokens; 0 from all.", valueName: "k"))
    var topK: Int?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Samples from the smallest set with this much probability.", valueName: "p"))
    var topP: Double?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Drops tokens with less than this share of the best one's probability.", valueName: "p"))
    var minP: Double?

    @Option(name: .shortAndLong, parsing: .unconditional, help: ArgumentHelp("Seed of the sampler.", valueName: "n"))
    var seed: UInt64?

    /// What was given, by any strategy's name.
    private var options: DecodingOptions {
        var options = DecodingOptions()
        (options.rule, options.score, options.tangents) = (rule, score, tangents)
        (options.candidates, options.minimumProbability) = (candidates, minProbability)
        options.entropyThreshold = entropyThreshold
        (options.lambda, options.plausibility) = (lambda, plausibility)
        (options.alpha, options.layers, options.repetitionPenalty) = (alpha, dolaLayers, repetitionPenalty)
        (options.temperature, options.topK, options.topP, options.minP) = (temperature, topK, topP, minP)
        options.seed = seed
        return options
    }

    func validate() throws {
        do { try options.checkRanges() } catch { throw ValidationError(Self.text(error)) }
    }

    /// The choice of tokens. A command calls it before it does any work.
    /// - Parameters:
    ///   - hasRegion: guides by default where there is one.
    ///   - seed: where --seed isn't given.
    /// - Throws: `ValidationError` for an option that the strategy doesn't obey, and for a strategy that needs a region where
    ///   there is none.
    func method(hasRegion: Bool, seed: UInt64 = .random(in: .min ... .max)) throws -> DecodingMethod {
        var options = options
        let name = strategy ?? (hasRegion ? .agd : .greedy)
        if name == .sample, options.seed == nil { options.seed = seed }
        if name.needsRegion, !hasRegion { throw ValidationError(Self.text(.needsRegion(name))) }
        do { return try DecodingMethod(name, options) } catch {
            let reason = strategy == nil ? ", which is taken \(hasRegion ? "with a region" : "without --roi")" : ""
            throw ValidationError(Self.text(error, reason: reason))
        }
    }

    /// What is decoded, and how.
    func decoding(
        of prompt: MarkedPrompt, model: LanguageModel, reverse: ReverseAttribution.Options
    ) throws -> (prompt: Prompt, strategy: any DecodingStrategy) {
        do {
            let method = try method(hasRegion: !prompt.specifications.isEmpty)
            if case .sample(let options) = method,
                let note = options.note(onRecommended: model.configuration.recommendedSampling)
            {
                Terminal.note(note)
            }
            return try method.decoding(of: prompt, with: model, reverse: reverse)
        } catch let error as DecodingOptionError {
            throw ValidationError(Self.text(error))
        }
    }

    private static func text(_ error: DecodingOptionError, reason: String = "") -> String {
        switch error {
        case .withoutEffect(let option, let name):
            "\(flag(option)) has no effect with --strategy \(name.rawValue)\(reason); it works with "
                + Name.obeying(option).map { "--strategy \($0.rawValue)" }.joined(separator: ", ") + "."
        case .invalid(let option, let problem): "\(flag(option)) \(problem)."
        case .needsRegion(let name):
            "--strategy \(name.rawValue) needs a region: name one with --roi, such as --roi system."
        }
    }

    private static func flag(_ option: DecodingOptions.Name) -> String {
        switch option {
        case .rule: "--rule"
        case .score: "--score"
        case .entropyThreshold: "--entropy-threshold"
        case .candidates: "--candidates"
        case .minimumProbability: "--min-probability"
        case .tangents: "--tangents"
        case .lambda: "--lambda"
        case .plausibility: "--plausibility"
        case .temperature: "--temp"
        case .topK: "--top-k"
        case .topP: "--top-p"
        case .minP: "--min-p"
        case .seed: "--seed"
        case .alpha: "--alpha"
        case .layers: "--dola-layers"
        case .repetitionPenalty: "--repetition-penalty"
        }
    }
}

extension DecodingMethod.Name: ExpressibleByArgument {}
extension LayerContrast.Layers: ExpressibleByArgument {}

extension DecodingOptions.EntropyThreshold: ExpressibleByArgument {
    public init?(argument: String) {
        if argument == "off" {
            self = .off
        } else if let value = Double(argument), value.isFinite {
            self = .nats(value)
        } else {
            return nil
        }
    }
}
