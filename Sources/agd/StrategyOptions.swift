import ArgumentParser
import AttributionGuidedDecoding

/// How the next token is chosen.
struct StrategyOptions: ParsableArguments {
    enum Name: String, ExpressibleByArgument, CaseIterable {
        case greedy, sample, agd
        case agdReverse = "agd-reverse"
    }

    @Option(
        help:
            "\(Name.allCases.map(\.rawValue).joined(separator: ", ")). By default agd where a region is given, else greedy."
    )
    var strategy: Name?

    @Option(help: "How relevance propagates: \(PropagationRule.allCases.map(\.rawValue).joined(separator: ", ")).")
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
        if candidates < 1 { throw ValidationError("--candidates must be at least 1.") }
        if !(0...1).contains(minProbability) { throw ValidationError("--min-probability must be between 0 and 1.") }
        if let temperature, !(0...100).contains(temperature) {
            throw ValidationError("--temp must be between 0 and 100.")
        }
        if let topK, topK < 0 { throw ValidationError("--top-k must be 0 or more.") }
        if let topP, !(0...1).contains(topP) { throw ValidationError("--top-p must be between 0 and 1.") }
        if let minP, !(0...1).contains(minP) { throw ValidationError("--min-p must be between 0 and 1.") }
        let samplingOptions = [
            ("--temp", temperature != nil), ("--top-k", topK != nil), ("--top-p", topP != nil),
            ("--min-p", minP != nil),
            ("--seed", seed != nil),
        ].filter(\.1).map(\.0)
        if let first = samplingOptions.first, strategy != .sample {
            throw ValidationError("\(first) has an effect with --strategy sample only.")
        }
    }

    private var candidateRule: CandidateRule { CandidateRule(count: candidates, minimumProbability: minProbability) }

    func makeStrategy(
        region: RegionOfInterest, hasRegion: Bool, model: LanguageModel, reverse: ReverseAttribution.Options
    ) throws -> any DecodingStrategy {
        switch strategy ?? (hasRegion ? .agd : .greedy) {
        case .greedy: return Greedy(candidates: candidateRule)
        case .sample:
            var options = Sampling.Options()
            options.temperature = temperature ?? options.temperature
            options.topK = topK ?? options.topK
            options.topP = topP ?? options.topP
            options.minP = minP ?? options.minP
            options.seed = seed ?? UInt64.random(in: .min ... .max)
            return Sampling(options, candidates: candidateRule)
        case let name:
            guard hasRegion else {
                throw ValidationError(
                    "--strategy \(name.rawValue) needs a region: name one with --roi, such as --roi system.")
            }
            let guided = AttributionGuided(
                region: region, rule: rule, score: score, candidates: candidateRule,
                entropyThreshold: entropyThreshold.nats, tangents: tangents)
            return name == .agd ? guided : ReverseGuided(guided, model: model, options: reverse)
        }
    }
}
