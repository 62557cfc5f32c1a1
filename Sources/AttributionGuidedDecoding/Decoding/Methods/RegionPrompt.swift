/// Guidance in words, which has nothing to set.
struct RegionPrompt: DecodingSettings {
    static let name = "region-prompt"
    static let needsRegion = true
    static let standard = Self()

    func prompt(for marked: MarkedPrompt, _ model: LanguageModel) throws -> Prompt {
        try model.prompt(.importance, of: marked)
    }

    func strategy(
        for marked: MarkedPrompt, _ model: LanguageModel, reverse: ReverseAttribution.Options
    ) -> any DecodingStrategy { Greedy() }
}
