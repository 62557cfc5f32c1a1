/// How attribution guides: what the methods share that ask for it.
public struct Guidance: Sendable, Hashable {
    /// How relevance propagates.
    public var rule: PropagationRule
    /// What candidates are ranked by.
    public var score: AttributionGuided.Score
    /// In nats; nil guides every step.
    public var entropyThreshold: Double?

    /// Guidance by its settings, by default the paper's.
    public init(
        rule: PropagationRule = .attnLRP, score: AttributionGuided.Score = .sum,
        entropyThreshold: Double? = AttributionGuided.paperEntropyThreshold
    ) {
        self.rule = rule
        self.score = score
        self.entropyThreshold = entropyThreshold
    }
}

/// Settings of a method that asks for attribution.
protocol GuidedSettings: DecodingSettings {
    var guidance: Guidance { get set }
}

extension GuidedSettings {
    static var needsRegion: Bool { true }
}

extension DecodingSetting where Settings: GuidedSettings {
    static var guidance: [Self] {
        [
            Self(
                DecodingOption(
                    "rule", .choice(PropagationRule.all.map(\.name)), symbol: "", "How relevance propagates."),
                \.guidance.rule),
            Self(
                DecodingOption(
                    "score", .choice(AttributionGuided.Score.allCases.map(\.rawValue)), symbol: "",
                    "What candidates are ranked by: sum (the region's relevance) or excess (its share beyond the usual)."
                ),
                \.guidance.score, labelled: .inName),
            Self(
                .entropyThreshold, \.guidance.gate,
                labelled: .by { $0.guidance.entropyThreshold.map { "tau \($0)" } }),
        ]
    }

    static func generated(_ path: WritableKeyPath<Settings, GeneratedTokens> & Sendable) -> Self {
        Self(
            DecodingOption(
                "generated", .choice(GeneratedTokens.allCases.map(\.rawValue)), symbol: "generated",
                "What generated tokens are: outside the region, or in it by the region's share in their own relevance."),
            path)
    }

    static func tangents(_ path: WritableKeyPath<Settings, TangentSchedule> & Sendable) -> Self {
        Self(
            DecodingOption(
                "tangents", .choice(TangentSchedule.allCases.map(\.rawValue)), symbol: "tangents",
                "When tangents are computed: eager (with each step) or deferred (when the gate opens)."),
            path, labelled: .never)
    }
}

/// Settings of a method that chooses among few candidates.
protocol CandidateSettings: GuidedSettings {
    var candidates: CandidateRule { get set }
}

extension CandidateSettings {
    var candidateCount: Int { candidates.count }
}

extension DecodingSetting where Settings: CandidateSettings {
    static var candidates: [Self] {
        [
            Self(
                .candidates, \.candidates.count,
                labelled: .by {
                    let rule = $0.candidates
                    return rule == CandidateRule() ? nil : "k \(rule.count), p \(rule.minimumProbability)"
                }),
            Self(.minimumProbability, \.candidates.minimumProbability, labelled: .never),
        ]
    }
}

extension DecodingOption {
    static let entropyThreshold = DecodingOption(
        "entropyThreshold", .number(-1000...1000, or: Gate.off), symbol: "tau",
        "Guides only where the entropy, in nats, is at least this; off guides every step.")
}

extension Guidance {
    fileprivate var gate: Gate {
        get { Gate(threshold: entropyThreshold) }
        set { entropyThreshold = newValue.threshold }
    }

    func strategy(
        to region: RegionOfInterest, _ candidates: CandidateRule = CandidateRule(),
        _ tangents: TangentSchedule = .withEachStep, generated: GeneratedTokens = .outside
    ) -> AttributionGuided {
        AttributionGuided(
            region: region, rule: rule, score: score, generated: generated, candidates: candidates,
            entropyThreshold: entropyThreshold, tangents: tangents)
    }
}

/// An entropy threshold as text: a number of nats, or off.
struct Gate: LosslessStringConvertible {
    static let off = "off"
    var threshold: Double?

    init(threshold: Double?) { self.threshold = threshold }

    init?(_ text: String) {
        threshold = Double(text)
        if threshold == nil, text != Self.off { return nil }
    }

    var description: String { threshold.map { "\($0)" } ?? Self.off }
}

extension AttributionGuided.Score: LosslessStringConvertible {
    /// The score of this name.
    public init?(_ name: String) { self.init(rawValue: name) }
    /// The name.
    public var description: String { rawValue }
}

extension GeneratedTokens: LosslessStringConvertible {
    /// The reading of this name.
    public init?(_ name: String) { self.init(rawValue: name) }
    /// The name.
    public var description: String { rawValue }
}

extension TangentSchedule: LosslessStringConvertible {
    /// The schedule of this name.
    public init?(_ name: String) { self.init(rawValue: name) }
    /// The name.
    public var description: String { rawValue }
}
