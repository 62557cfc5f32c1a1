extension InstructionHierarchy {
    /// The settings of ``DecodingMethod/instructionHierarchy(_:)``, by default the authors'.
    public struct Settings: ProposingSettings {
        static let name = "ihdec"
        static let standard = Self()
        static var options: [DecodingSetting<Self>] {
            [
                DecodingSetting(
                    DecodingOption(
                        "beta", .number(0...1_000_000), symbol: "beta",
                        "Length of what is added to the first token's log-probabilities where a lower role outweighs a higher one."
                    ),
                    \.beta, labelled: .always),
                DecodingSetting(
                    DecodingOption(
                        "decay", .number(0...1), symbol: "decay", "What is left of it from one token to the next."),
                    \.decay),
            ]
        }

        /// Length of what is added.
        public var beta: Double
        /// Its share that is left from one token to the next.
        public var decay: Double

        /// Settings, each at its standard unless it is given.
        public init(beta: Double = standardBeta, decay: Double = standardDecay) {
            (self.beta, self.decay) = (beta, decay)
        }

        func proposer(for marked: MarkedPrompt, _ model: LanguageModel) throws -> InstructionHierarchy {
            InstructionHierarchy(
                marked.prompt, positions: try model.rolePositions(of: marked.prompt), beta: beta, decay: decay)
        }
    }
}
