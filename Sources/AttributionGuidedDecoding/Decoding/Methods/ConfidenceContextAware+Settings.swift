extension ConfidenceContextAware {
    /// The settings of ``DecodingMethod/confidenceContextAware(_:)``, by default those of its authors' code.
    public struct Settings: DecodingSettings {
        static let name = "cocoa"
        static let needsRegion = true
        static let standard = Self()
        static var options: [DecodingSetting<Self>] {
            [
                DecodingSetting(
                    DecodingOption(
                        "gamma", .number(-1000...1000), symbol: "gamma",
                        "Weight of the contrast between what is said with the region and without."),
                    \.gamma)
            ]
        }

        /// Weight of the contrast.
        public var gamma: Double

        /// Settings, by default those of its authors' code.
        public init(gamma: Double = 1) { self.gamma = gamma }

        func strategy(
            for marked: MarkedPrompt, _ model: LanguageModel, reverse: ReverseAttribution.Options
        ) throws -> any DecodingStrategy {
            ConfidenceContextAware(without: try model.prompt(.remove, of: marked), gamma: gamma)
        }
    }
}
