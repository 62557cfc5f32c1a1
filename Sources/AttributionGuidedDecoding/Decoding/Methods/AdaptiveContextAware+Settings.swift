extension AdaptiveContextAware {
    /// The settings of ``DecodingMethod/adaptiveContextAware(_:)``, by default the paper's for short answers.
    public struct Settings: DecodingSettings {
        static let name = "adacad"
        static let needsRegion = true
        static let standard = Self()
        static var options: [DecodingSetting<Self>] {
            [
                DecodingSetting(
                    DecodingOption(
                        "minimumAlpha", shortName: "minAlpha", .number(0...1000), symbol: "alpha at least",
                        "How much is taken away at least of what the model would say without the region."),
                    \.minimumAlpha)
            ]
        }

        /// How much is taken away at least of what the model would say without the region.
        public var minimumAlpha: Double

        /// Settings; by default nothing is taken away where the region changes nothing.
        public init(minimumAlpha: Double = 0) { self.minimumAlpha = minimumAlpha }

        func strategy(
            for marked: MarkedPrompt, _ model: LanguageModel, reverse: ReverseAttribution.Options
        ) throws -> any DecodingStrategy {
            AdaptiveContextAware(without: try model.prompt(.remove, of: marked), minimumAlpha: minimumAlpha)
        }
    }
}
