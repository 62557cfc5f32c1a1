extension DynamicKeyScaling {
    /// The settings of ``DecodingMethod/dynamicKeyScaling(_:)``, by default the authors'.
    public struct Settings: DecodingSettings {
        static let name = "directer"
        static let needsRegion = true
        static let standard = Self()
        static var options: [DecodingSetting<Self>] {
            [
                DecodingSetting(
                    DecodingOption(
                        "keyFactor", .number(0.001...10_000), symbol: "factor",
                        "What the keys of the region's tokens are multiplied by; 1 is greedy."),
                    \.keyFactor, labelled: .always),
                DecodingSetting(.plausibility, \.plausibility),
            ]
        }

        /// What keys are multiplied by.
        public var keyFactor: Double
        /// Least share of the most probable token's probability.
        public var plausibility: Double

        /// Settings, each at its standard unless it is given.
        public init(keyFactor: Double = 100, plausibility: Double = 0.5) {
            (self.keyFactor, self.plausibility) = (keyFactor, plausibility)
        }

        func strategy(
            for marked: MarkedPrompt, _ model: LanguageModel, reverse: ReverseAttribution.Options
        ) throws -> any DecodingStrategy {
            DynamicKeyScaling(
                to: try marked.tokensOnly(for: Self.name), model, factor: keyFactor,
                plausibility: plausibility)
        }
    }
}
