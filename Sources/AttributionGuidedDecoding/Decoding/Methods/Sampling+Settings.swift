extension Sampling.Options: DecodingSettings {
    static let name = "sample"
    static let standard = Self()
    static var options: [DecodingSetting<Self>] {
        [
            DecodingSetting(
                DecodingOption(
                    "temperature", .number(0...100), symbol: "t", "What logits are divided by; 0 draws nothing."),
                \.temperature),
            DecodingSetting(
                DecodingOption(
                    "topK", .integer(0...1_000_000_000), symbol: "top-k",
                    "Draws from so many most probable tokens; 0 from all."), \.topK),
            DecodingSetting(
                DecodingOption(
                    "topP", .number(0...1), symbol: "top-p",
                    "Draws from the smallest set of tokens with this much probability."), \.topP),
            DecodingSetting(
                DecodingOption(
                    "minP", .number(0...1), symbol: "min-p",
                    "Drops tokens with less than this share of the most probable one's probability."), \.minP),
            DecodingSetting(.seed, \.seed, labelled: .always),
        ]
    }

    func strategy(
        for marked: MarkedPrompt, _ model: LanguageModel, reverse: ReverseAttribution.Options
    ) -> any DecodingStrategy { Sampling(self) }
}

extension DecodingOption {
    static let seed = DecodingOption(
        "seed", .integer(0...UInt64.max), symbol: "seed", "The same seed draws the same tokens.")
}
