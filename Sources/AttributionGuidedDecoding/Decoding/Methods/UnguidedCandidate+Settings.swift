extension UnguidedCandidate {
    /// The settings of ``DecodingMethod/unguidedCandidate(_:)``, by default those of the paper's guidance.
    public struct Settings: DecodingSettings {
        static let name = "candidate"
        static let standard = Self()
        static var options: [DecodingSetting<Self>] {
            [
                DecodingSetting(
                    DecodingOption(
                        "pick", .choice(Pick.allCases.map(\.rawValue)), symbol: "",
                        "Which candidate is taken: random (drawn by probability) or second (the second most probable)."
                    ),
                    \.pick, labelled: .inName),
                DecodingSetting(.entropyThreshold, \.gate, labelled: .by { $0.gate.threshold.map { "tau \($0)" } }),
                DecodingSetting(.candidates, \.candidates.count),
                DecodingSetting(.minimumProbability, \.candidates.minimumProbability),
                DecodingSetting(.multiplier, \.multiplier),
                DecodingSetting(.seed, \.seed, labelled: .by { $0.pick == .random ? "seed \($0.seed)" : nil }),
            ]
        }

        /// Which candidate is taken.
        public var pick: Pick
        /// What counts as likely.
        public var candidates: CandidateRule
        /// In nats; nil picks at every step.
        public var entropyThreshold: Double?
        /// The same seed picks the same candidates.
        public var seed: UInt64
        /// What the attention weights of the region's tokens are multiplied by; 1 needs no region.
        public var multiplier: Double

        /// Settings, each at its standard unless it is given.
        public init(
            _ pick: Pick = .random, candidates: CandidateRule = CandidateRule(),
            entropyThreshold: Double? = AttributionGuided.paperEntropyThreshold, seed: UInt64 = 0,
            multiplier: Double = 1
        ) {
            (self.pick, self.candidates) = (pick, candidates)
            (self.entropyThreshold, self.seed) = (entropyThreshold, seed)
            self.multiplier = multiplier
        }

        fileprivate var gate: Gate {
            get { Gate(threshold: entropyThreshold) }
            set { entropyThreshold = newValue.threshold }
        }

        var needsRegion: Bool { multiplier != 1 }
        var candidateCount: Int { candidates.count }

        func strategy(
            for marked: MarkedPrompt, _ model: LanguageModel, reverse: ReverseAttribution.Options
        ) throws -> any DecodingStrategy {
            let boost =
                needsRegion
                ? AttentionBoost(to: try marked.tokensOnly(for: Self.name), multiplier: multiplier) : nil
            return UnguidedCandidate(
                pick, candidates: candidates, entropyThreshold: entropyThreshold, seed: seed,
                under: boost?.needs.intervention ?? .none)
        }
    }
}

extension UnguidedCandidate.Pick: LosslessStringConvertible {
    /// The pick of this name.
    public init?(_ name: String) { self.init(rawValue: name) }
    /// The name.
    public var description: String { rawValue }
}
