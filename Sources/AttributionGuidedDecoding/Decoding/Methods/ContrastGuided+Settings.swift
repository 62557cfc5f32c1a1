extension ContrastGuided {
    /// The settings of ``DecodingMethod/contrastGuided(_:)``.
    public struct Settings: CandidateSettings {
        static let name = "agd-cad"
        static let standard = Self()
        static var options: [DecodingSetting<Self>] {
            DecodingSetting.guidance + DecodingSetting.candidates
                + [.generated(\.generated), .tangents(\.tangents), DecodingSetting(.alpha, \.alpha, labelled: .always)]
        }

        /// Rule, score and gate.
        public var guidance: Guidance
        /// What counts as likely under the contrast.
        public var candidates: CandidateRule
        /// How much is taken away of what the model would say without the region.
        public var alpha: Double
        /// What a token counts as once it is chosen.
        public var generated: GeneratedTokens
        /// When tangents are computed.
        public var tangents: TangentSchedule

        /// Settings, each at its standard unless it is given.
        public init(
            _ guidance: Guidance = Guidance(), candidates: CandidateRule = CandidateRule(), alpha: Double = 1,
            generated: GeneratedTokens = .outside, tangents: TangentSchedule = .withEachStep
        ) {
            (self.guidance, self.candidates, self.alpha) = (guidance, candidates, alpha)
            (self.generated, self.tangents) = (generated, tangents)
        }

        /// Those that a strategy tells of, and the contrast's choice.
        var candidateCount: Int { candidates.count + 1 }

        func strategy(
            for marked: MarkedPrompt, _ model: LanguageModel, reverse: ReverseAttribution.Options
        ) throws -> any DecodingStrategy {
            ContrastGuided(
                guidance.strategy(to: marked.region, candidates, tangents, generated: generated),
                without: try model.prompt(.remove, of: marked), alpha: alpha)
        }
    }
}
