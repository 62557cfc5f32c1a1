extension ContextAware {
    /// The settings of ``DecodingMethod/contextAware(_:)``.
    public struct Settings: ProposingSettings {
        static let name = "cad"
        static let needsRegion = true
        static let standard = Self()
        static var options: [DecodingSetting<Self>] {
            [DecodingSetting(.alpha, \.alpha, labelled: .always)]
        }

        /// How much is taken away of what the model would say without the region.
        public var alpha: Double

        /// Settings; by default all of it is taken away once.
        public init(alpha: Double = 1) { self.alpha = alpha }

        func proposer(for marked: MarkedPrompt, _ model: LanguageModel) throws -> ContextAware {
            ContextAware(without: try model.prompt(.remove, of: marked), alpha: alpha)
        }
    }
}

extension DecodingOption {
    static let alpha = DecodingOption(
        "alpha", .number(-1000...1000), symbol: "alpha",
        "How much is taken away of what the model would say without the region.")
}
