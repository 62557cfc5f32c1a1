import AGDEvaluation
import ArgumentParser
import AttributionGuidedDecoding

/// How the next token is chosen.
struct StrategyOptions: ParsableArguments {
    typealias Name = DecodingMethod.Strategy

    @Option(
        help: ArgumentHelp(
            "How tokens are chosen; by default agd where a region is given, else greedy.",
            valueName: Name.allCases.map(\.rawValue).joined(separator: "|")))
    var strategy: Name?

    @Option(help: "How relevance propagates: \(PropagationRule.all.map(\.name).joined(separator: ", ")).")
    var rule: PropagationRule = .attnLRP

    @Option(help: "What candidates are ranked by: sum (the region's relevance) or excess (its share beyond the usual).")
    var score: AttributionGuided.Score = .sum

    @Option(parsing: .unconditional, help: ArgumentHelp("Candidates at most.", valueName: "k"))
    var candidates = 5

    @Option(parsing: .unconditional, help: ArgumentHelp("Least probability of a candidate.", valueName: "p"))
    var minProbability = 0.05

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Guides only where the entropy in nats is at least this; off guides every step.", valueName: "nats|off"))
    var entropyThreshold = EntropyThreshold.value(AttributionGuided.paperEntropyThreshold)

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "cad: how much is taken away of what the model would say without the region.", valueName: "x"))
    var alpha = 1.0

    @Option(help: ArgumentHelp("dola: layers to contrast with, low, high or a list.", valueName: "low|high|0,2,4"))
    var dolaLayers = "high"

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("dola: makes tokens that have occurred less likely; 1 is off.", valueName: "x"))
    var repetitionPenalty = 1.0

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("agd-blend: weight of the standardised score against log p.", valueName: "x"))
    var lambda = 1.0

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "dola (0.1), agd-blend (0.01): least share of the most probable token's probability.", valueName: "p"))
    var plausibility: Double?

    @Option(help: "When tangents are computed: eager (with each step) or deferred (when the gate opens).")
    var tangents: TangentSchedule = .withEachStep

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

    enum EntropyThreshold: ExpressibleByArgument, CustomStringConvertible {
        case off
        case value(Double)

        init?(argument: String) {
            if argument == "off" {
                self = .off
            } else if let value = Double(argument), value.isFinite {
                self = .value(value)
            } else {
                return nil
            }
        }

        var nats: Double? { if case .value(let value) = self { value } else { nil } }
        var description: String { nats.map { "\($0)" } ?? "off" }
    }

    func validate() throws {
        try NumberOption.check(candidates, "--candidates", in: NumberOption.counts)
        if !(0...1).contains(minProbability) { throw ValidationError("--min-probability must be between 0 and 1.") }
        if let temperature, !(0...100).contains(temperature) {
            throw ValidationError("--temp must be between 0 and 100.")
        }
        try NumberOption.check(topK, "--top-k", in: 0...NumberOption.counts.upperBound)
        if let topP, !(0...1).contains(topP) { throw ValidationError("--top-p must be between 0 and 1.") }
        if let minP, !(0...1).contains(minP) { throw ValidationError("--min-p must be between 0 and 1.") }
        if !alpha.isFinite { throw ValidationError("--alpha must be a finite number.") }
        if !lambda.isFinite { throw ValidationError("--lambda must be a finite number.") }
        if !(repetitionPenalty > 0 && repetitionPenalty <= 100) {
            throw ValidationError("--repetition-penalty must be greater than 0 and at most 100.")
        }
        if let plausibility, !(plausibility > 0 && plausibility <= 1) {
            throw ValidationError("--plausibility must be greater than 0 and at most 1.")
        }
        do { _ = try DecodingMethod.layers(dolaLayers) } catch { throw ValidationError("--dola-layers: \(error)") }
        let samplingOptions = [
            ("--temp", temperature != nil), ("--top-k", topK != nil), ("--top-p", topP != nil),
            ("--min-p", minP != nil),
            ("--seed", seed != nil),
        ].filter(\.1).map(\.0)
        if let first = samplingOptions.first, strategy != .sample {
            throw ValidationError("\(first) has an effect with --strategy sample only.")
        }
    }

    /// The choice of tokens as a run records it.
    /// - Throws: `ValidationError` for a strategy that needs a region where there is none.
    func method(hasRegion: Bool) throws -> DecodingMethod {
        var method = DecodingMethod(strategy ?? (hasRegion ? .agd : .greedy))
        if method.strategy.needsRegion, !hasRegion {
            throw ValidationError(
                "--strategy \(method.strategy.rawValue) needs a region: name one with --roi, such as --roi system.")
        }
        (method.candidates, method.minimumProbability) = (candidates, minProbability)
        if method.strategy.isGuided {
            (method.rule, method.score, method.entropyThreshold) = (rule, score, entropyThreshold.nats)
        }
        switch method.strategy {
        case .sample:
            (method.temperature, method.topK, method.topP, method.minP) = (temperature, topK, topP, minP)
            method.seed = seed ?? 0
        case .cad: method.alpha = alpha
        case .dola:
            (method.dolaLayers, method.repetitionPenalty) = (dolaLayers, repetitionPenalty)
            method.plausibility = plausibility
        case .agdBlend: (method.lambda, method.plausibility) = (lambda, plausibility)
        default: break
        }
        return method
    }

    /// What is decoded, and how.
    func decoding(
        of prompt: Prompt, _ specifications: [String], model: LanguageModel, reverse: ReverseAttribution.Options
    ) throws -> (prompt: Prompt, strategy: any DecodingStrategy) {
        var method = try method(hasRegion: !specifications.isEmpty)
        if seed == nil { method.seed = UInt64.random(in: .min ... .max) }
        return try method.decoding(
            of: prompt, regions: try specifications.map { try RegionSpecification($0) }, with: model, reverse: reverse,
            tangents: tangents)
    }
}

extension DecodingMethod.Strategy: ExpressibleByArgument {}
