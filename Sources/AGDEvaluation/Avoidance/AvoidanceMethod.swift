import AttributionGuidedDecoding

/// A way to keep a word out of a reply.
public enum AvoidanceMethod: String, Sendable, CaseIterable {
    /// Nothing: how often the word comes by itself.
    case nothing
    /// A system message that forbids it.
    case prompt
    /// The same, with the message as the region that guides.
    case guided
    /// The same, with the word in the message as a region of negative weight.
    case negative
    /// The message, and a bias of -100 on every token of the word, with a space before it and without, small and capital.
    case logitBias = "logit-bias"
    /// The message, and the word avoided.
    case avoid
    /// The word avoided, without a message.
    case avoidAlone = "avoid-alone"
    /// The word with all that begins like it avoided, beside the message.
    case avoidStem = "avoid-stem"
    /// The message as the region that guides, and the word avoided.
    case guidedAvoid = "guided-avoid"

    var hasMessage: Bool { self != .nothing && self != .avoidAlone }

    func decoding() throws -> DecodingMethod {
        switch self {
        case .guided, .negative, .guidedAvoid: try .named("agd", ["entropyThreshold": "off"])
        default: .greedy
        }
    }

    func regions(_ item: AvoidanceItem) throws -> [RegionSpecification] {
        switch self {
        case .guided, .guidedAvoid: [try RegionSpecification(.messages(.all(role: "system")))]
        case .negative: [try RegionSpecification(.text(item.word, in: .all(role: "system")), weight: -1)]
        default: []
        }
    }

    func constraints(_ item: AvoidanceItem, _ tokenizer: Tokenizer) throws -> DecodingConstraints {
        switch self {
        case .avoid, .avoidAlone, .guidedAvoid: DecodingConstraints(avoided: [try AvoidedText(item.word)])
        case .avoidStem: DecodingConstraints(avoided: [try AvoidedText(item.word + "*")])
        case .logitBias:
            DecodingConstraints(
                logitBias: Dictionary(
                    try Self.spellings(item.word).flatMap { try tokenizer.tokenize($0) }.map { ($0, -100) },
                    uniquingKeysWith: { first, _ in first }))
        default: DecodingConstraints()
        }
    }

    private static func spellings(_ word: String) -> [String] {
        [word, word.prefix(1).uppercased() + word.dropFirst()].flatMap { [$0, " " + $0] }
    }
}
