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

        /// Settings, each at its standard unless it is given.
        public init(
            _ pick: Pick = .random, candidates: CandidateRule = CandidateRule(),
            entropyThreshold: Double? = AttributionGuided.paperEntropyThreshold, seed: UInt64 = 0
        ) {
            (self.pick, self.candidates) = (pick, candidates)
            (self.entropyThreshold, self.seed) = (entropyThreshold, seed)
        }

        fileprivate var gate: Gate {
            get { Gate(threshold: entropyThreshold) }
            set { entropyThreshold = newValue.threshold }
        }

        var candidateCount: Int { candidates.count }

        func strategy(
            for marked: MarkedPrompt, _ model: LanguageModel, reverse: ReverseAttribution.Options
        ) -> any DecodingStrategy {
            UnguidedCandidate(pick, candidates: candidates, entropyThreshold: entropyThreshold, seed: seed)
        }
    }
}

extension UnguidedCandidate.Pick: LosslessStringConvertible {
    /// The pick of this name.
    public init?(_ name: String) { self.init(rawValue: name) }
    /// The name.
    public var description: String { rawValue }
}
