extension SystemPromptStrength {
    /// The settings of ``DecodingMethod/promptStrength(_:)``.
    public struct Settings: DecodingSettings {
        static let name = "prompt-strength"
        static let standard = Self()
        static var options: [DecodingSetting<Self>] {
            [
                DecodingSetting(
                    DecodingOption(
                        "strength", .number(-1000...1000), symbol: "strength",
                        "How much counts of what the system message changes against a default one; 1 is greedy."),
                    \.strength, labelled: .always)
            ]
        }

        /// How much counts of what the system message changes.
        public var strength: Double

        /// Settings; by default it counts twice.
        public init(strength: Double = 2) { self.strength = strength }

        func strategy(
            for marked: MarkedPrompt, _ model: LanguageModel, reverse: ReverseAttribution.Options
        ) throws -> any DecodingStrategy {
            SystemPromptStrength(
                default: try model.promptWithDefaultSystemMessage(marked.prompt), strength: strength)
        }
    }
}
