extension AttributionGuided {
    /// The settings of ``DecodingMethod/guided(_:)``, by default the paper's.
    public struct Settings: CandidateSettings {
        static let name = "agd"
        static let standard = Self()
        static var options: [DecodingSetting<Self>] {
            DecodingSetting.guidance + DecodingSetting.candidates + [.tangents(\.tangents)]
        }

        /// Rule, score and gate.
        public var guidance: Guidance
        /// What counts as likely.
        public var candidates: CandidateRule
        /// When tangents are computed.
        public var tangents: TangentSchedule

        /// Settings, each at its standard unless it is given.
        public init(
            _ guidance: Guidance = Guidance(), candidates: CandidateRule = CandidateRule(),
            tangents: TangentSchedule = .withEachStep
        ) {
            (self.guidance, self.candidates, self.tangents) = (guidance, candidates, tangents)
        }

        func strategy(
            for marked: MarkedPrompt, _ model: LanguageModel, reverse: ReverseAttribution.Options
        ) -> any DecodingStrategy { guidance.strategy(to: marked.region, candidates, tangents) }
    }
}
