extension AttentionBoost {
    /// The settings of ``DecodingMethod/attentionBoost(_:)``.
    public struct Settings: ProposingSettings {
        static let name = "instaboost"
        static let needsRegion = true
        static let standard = Self()
        /// What did best on two small models (Documentation/results-real.md).
        static let standardProposal = Self(multiplier: 5)
        static var options: [DecodingSetting<Self>] {
            [DecodingSetting(.multiplier, \.multiplier, labelled: .always)]
        }

        /// What attention weights are multiplied by.
        public var multiplier: Double

        /// Settings; by default the multiplier is 3, that of the authors' code.
        public init(multiplier: Double = 3) { self.multiplier = multiplier }

        func proposer(for marked: MarkedPrompt, _ model: LanguageModel) throws -> AttentionBoost {
            AttentionBoost(to: try marked.tokensOnly(for: Self.name), multiplier: multiplier)
        }
    }
}

extension DecodingOption {
    static let multiplier = DecodingOption(
        "multiplier", .number(0.001...1000), symbol: "M",
        "What the attention weights of the region's tokens are multiplied by; 1 leaves them as they are.")
}
