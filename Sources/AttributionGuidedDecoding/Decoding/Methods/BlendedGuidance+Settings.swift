extension BlendedGuidance {
    /// The settings of ``DecodingMethod/blended(_:)``.
    public struct Settings: GuidedSettings {
        static let name = "agd-blend"
        static let standard = Self()
        static var options: [DecodingSetting<Self>] {
            DecodingSetting.guidance + [
                .tangents(\.tangents),
                DecodingSetting(
                    DecodingOption(
                        "lambda", .number(-1000...1000), symbol: "lambda",
                        "Weight of the standardised score against log p."),
                    \.lambda, labelled: .always),
                DecodingSetting(.plausibility, \.plausibility),
            ]
        }

        /// Rule, score and gate.
        public var guidance: Guidance
        /// Weight of one standard deviation of the score, in nats.
        public var lambda: Double
        /// Least share of the most probable token's probability.
        public var plausibility: Double
        /// When tangents are computed.
        public var tangents: TangentSchedule

        /// Settings, each at its standard unless it is given.
        public init(
            _ guidance: Guidance = Guidance(), lambda: Double = 1, plausibility: Double = standardPlausibility,
            tangents: TangentSchedule = .withEachStep
        ) {
            (self.guidance, self.lambda, self.plausibility) = (guidance, lambda, plausibility)
            self.tangents = tangents
        }

        var candidateCount: Int { standardCount }

        func strategy(
            for marked: MarkedPrompt, _ model: LanguageModel, reverse: ReverseAttribution.Options
        ) -> any DecodingStrategy {
            BlendedGuidance(
                guidance.strategy(to: marked.region, CandidateRule(), tangents), lambda: lambda,
                plausibility: plausibility)
        }
    }
}
