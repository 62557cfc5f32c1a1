extension ReverseGuided {
    /// The settings of ``DecodingMethod/reverseGuided(_:)``, by default the paper's.
    public struct Settings: CandidateSettings {
        static let name = "agd-reverse"
        static let standard = Self()
        static var options: [DecodingSetting<Self>] {
            DecodingSetting.guidance + DecodingSetting.candidates
        }

        /// Rule, score and gate.
        public var guidance: Guidance
        /// What counts as likely.
        public var candidates: CandidateRule

        /// Settings, each at its standard unless it is given.
        public init(_ guidance: Guidance = Guidance(), candidates: CandidateRule = CandidateRule()) {
            (self.guidance, self.candidates) = (guidance, candidates)
        }

        func strategy(
            for marked: MarkedPrompt, _ model: LanguageModel, reverse: ReverseAttribution.Options
        ) -> any DecodingStrategy {
            ReverseGuided(guidance.strategy(to: marked.region, candidates), model: model, options: reverse)
        }
    }
}
