extension AttributionGuided {
    /// The settings of ``DecodingMethod/guided(_:)``, by default the paper's.
    public struct Settings: CandidateSettings {
        static let name = "agd"
        static let standard = Self()
        static var options: [DecodingSetting<Self>] {
            DecodingSetting.guidance + DecodingSetting.candidates + [.generated(\.generated), .tangents(\.tangents)]
        }

        /// Rule, score and gate.
        public var guidance: Guidance
        /// What counts as likely.
        public var candidates: CandidateRule
        /// What a token counts as once it is chosen.
        public var generated: GeneratedTokens
        /// When tangents are computed.
        public var tangents: TangentSchedule

        /// Settings, each at its standard unless it is given.
        public init(
            _ guidance: Guidance = Guidance(), candidates: CandidateRule = CandidateRule(),
            generated: GeneratedTokens = .outside, tangents: TangentSchedule = .withEachStep
        ) {
            (self.guidance, self.candidates) = (guidance, candidates)
            (self.generated, self.tangents) = (generated, tangents)
        }

        func strategy(
            for marked: MarkedPrompt, _ model: LanguageModel, reverse: ReverseAttribution.Options
        ) -> any DecodingStrategy { guidance.strategy(to: marked.region, candidates, tangents, generated: generated) }
    }
}
