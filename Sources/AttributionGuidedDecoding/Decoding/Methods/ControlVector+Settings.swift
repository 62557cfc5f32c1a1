extension ControlVector {
    /// The settings of ``DecodingMethod/controlVector(_:)``. The region are the directions.
    public struct Settings: DecodingSettings {
        static let name = "control-vector"
        static let needsRegion = true
        static let standard = Self()
        static var options: [DecodingSetting<Self>] {
            [
                DecodingSetting(
                    DecodingOption(
                        "scale", .number(-1000...1000), symbol: "scale",
                        "What the region's directions are multiplied by before they are added to the residual stream."),
                    \.scale, labelled: .always)
            ]
        }

        /// What the directions are multiplied by.
        public var scale: Double

        /// Settings; by default the directions are added as they are.
        public init(scale: Double = 1) { self.scale = scale }

        func strategy(
            for marked: MarkedPrompt, _ model: LanguageModel, reverse: ReverseAttribution.Options
        ) throws -> any DecodingStrategy {
            ControlVector(try marked.directionsOnly(for: Self.name), scale: scale)
        }
    }
}
