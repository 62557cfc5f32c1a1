extension Greedy {
    /// Greedy decoding has nothing to set.
    struct Settings: DecodingSettings {
        static let name = "greedy"
        static let standard = Self()

        func strategy(
            for marked: MarkedPrompt, _ model: LanguageModel, reverse: ReverseAttribution.Options
        ) -> any DecodingStrategy { Greedy() }
    }
}
