extension LayerContrast {
    /// The settings of ``DecodingMethod/layerContrast(_:)``.
    public struct Settings: DecodingSettings {
        static let name = "dola"
        static let standard = Self()
        static var options: [DecodingSetting<Self>] {
            [
                DecodingSetting(
                    .layers, \.layers,
                    labelled: .by { "\($0.layers)".contains(",") ? "layers \($0.layers)" : "\($0.layers)" }),
                DecodingSetting(
                    DecodingOption(
                        "repetitionPenalty", .number(0.01...100), symbol: "repetition penalty",
                        "Makes tokens that have occurred less likely; 1 is off."),
                    \.repetitionPenalty),
                DecodingSetting(.plausibility, \.plausibility),
            ]
        }

        /// The layers that may be the early one.
        public var layers: Layers
        /// Least share of the most probable token's probability.
        public var plausibility: Double
        /// Makes tokens that have occurred less likely; 1 is off.
        public var repetitionPenalty: Double

        /// Settings, each at its standard unless it is given.
        public init(
            layers: Layers = .high, plausibility: Double = standardPlausibility, repetitionPenalty: Double = 1
        ) {
            (self.layers, self.plausibility, self.repetitionPenalty) = (layers, plausibility, repetitionPenalty)
        }

        func strategy(
            for marked: MarkedPrompt, _ model: LanguageModel, reverse: ReverseAttribution.Options
        ) throws -> any DecodingStrategy {
            try LayerContrast(
                model, layers: layers, plausibility: plausibility, repetitionPenalty: repetitionPenalty)
        }
    }
}

extension DecodingOption {
    static let layers = DecodingOption(
        "dolaLayers", .integers(or: ["low", "high"]), symbol: "layers",
        "Layers to contrast with; 0 is the embeddings.")
}
