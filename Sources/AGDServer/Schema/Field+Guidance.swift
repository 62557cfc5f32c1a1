import AGDInsight
import AttributionGuidedDecoding

/// The object `agd`: regions, and the methods of decoding.
extension Field {
    private static let roi = Field(
        "roi",
        .array(.either([.string(1...Limits.promptBytes), .object(region)]), count: 0...Limits.regions),
        "Regions of interest: objects, or the command line's specifications such as system, message:1, text:\"in French\"=-0.5. Where they overlap, weights add up; the sum may be -1000 to 1000."
    )
    private static let rule = Field(
        "rule", .choice(PropagationRule.all.map(\.name)), "How relevance propagates.",
        default: .string(PropagationRule.attnLRP.name))

    /// Where only regions are asked about.
    static let agdRegions = [Field("agd", .object([roi]), "Regions of the prompt.")]
    static let agdAttribution = [
        Field("agd", .object([roi, rule]), "Regions of the prompt, and how relevance propagates.")
    ]

    static let agd = [
        Field(
            "agd",
            .object(
                [
                    roi,
                    Field(
                        "strategy", .choice(DecodingMethod.kinds.map(\.name)),
                        "How tokens are chosen; without it agd where there is a region, else greedy or sample by temperature. A field that the strategy doesn't obey is an error."
                    ),
                ] + DecodingMethod.options.filter { !$0.isOfDraws }.map(Field.init) + [
                    Field(
                        "trace", .boolean, "Adds to each choice or chunk how its tokens were chosen.", default: false),
                    sources, avoid, trust,
                    Field(
                        "tools", .choice(Trust.allCases.map(\.rawValue)),
                        "What messages of the role tool are that have no agd_trust of their own."),
                    Field(
                        "documents", .choice(Trust.allCases.map(\.rawValue)),
                        "What documents are that have no agd_trust of their own."),
                ]), "Attribution-guided decoding, and the methods it is compared with.")
    ]

    private static let avoid = Field(
        "avoid", .array(.string(1...Limits.avoidedBytes), count: 0...Limits.avoided),
        "Words and phrases that the answer, thoughts included, must not have, however they are spelled in tokens and cases; \"coffee*\" is every word that begins so, \"*coffee*\" every text with it inside. Whatever the strategy, guided or not."
    )

    private static let trust = Field(
        "trust",
        .object([
            Field(
                "limit", .number(0...1),
                "Share of a sentence, or of a call of a tool, that may rest on untrusted messages and documents.",
                required: true),
            Field(
                "action", .choice(TrustLimit.Action.allCases.map(\.rawValue)),
                "What is done about an answer that exceeds it: flag tells it, refuse withholds the answer, with the finish_reason content_filter; streams then wait until it has been checked.",
                default: .string(TrustLimit.Action.flag.rawValue)),
        ]),
        "How much of an answer may rest on what is untrusted; tells agd.sources and agd.trust. It finds what an answer draws on, not who is obeyed: an answer from an untrusted document rests on it."
    )

    private static let sources = Field(
        "sources",
        .either([
            .choice(StatementUnit.allCases.map(\.rawValue)),
            .object([
                Field(
                    "per", .choice(StatementUnit.allCases.map(\.rawValue)), "What sources are told for.",
                    default: .string(AnswerSources.Options().unit.rawValue)),
                Field(
                    "rule", .choice(PropagationRule.all.map(\.name)), "How relevance propagates.",
                    default: .string(AnswerSources.Options().rule.name)),
                Field(
                    "hops", .boolean,
                    "Whether relevance of what was generated before is passed on to what that rests on.",
                    default: .bool(AnswerSources.Options().hops)),
            ]),
        ]),
        "Adds to each choice what the answer, each of its sentences or each of its tokens rests on. In a stream it comes once, before the last token. Of sentences \(Limits.sentences) at most are told apart."
    )

    private static let region = [
        Field(
            "message", .either([.integer(0...Limits.messages - 1), .choice(["system", "user", "assistant", "tool"])]),
            "A message by its number from 0, or all messages of a role."),
        Field("text", .string(1...Limits.promptBytes), "Every occurrence of a text; with message only in there."),
        Field(
            "characters", .array(.integer(0...Limits.promptBytes), count: 2...2),
            "With a message's number: from which character (Unicode scalar) of its content up to, not including, which."
        ),
        Field(
            "tokens",
            .either([.string(1...4096), .array(.integer(0...Limits.promptTokens), count: 1...Limits.promptTokens)]),
            "Positions of the prompt, as numbers or as \"0..<12,15\"."),
        Field(
            "heads",
            .either([
                .string(1...4096),
                .array(
                    .object([
                        Field("layer", .integer(0...1023), "Counted from 0.", required: true),
                        Field("head", .integer(0...1023), "Counted from 0.", required: true),
                        Field("weight", .number(Limits.weight), "Multiplied by the region's.", default: 1),
                    ]), count: 1...Limits.heads),
            ]), "Attention heads, as objects or as \"3.5,7.0\" (layer.head)."),
        Field(
            "neurons",
            .either([
                .string(1...65_536),
                .array(
                    .object([
                        Field("layer", .integer(0...1023), "Counted from 0.", required: true),
                        Field("index", .integer(0...1_048_575), "Counted from 0.", required: true),
                        Field("weight", .number(Limits.weight), "Multiplied by the region's.", default: 1),
                    ]), count: 1...Limits.neurons),
            ]), "Neurons of feed-forward networks, as objects or as \"3.70,7.0\" (layer.neuron)."),
        Field(
            "direction",
            .object([
                Field("layer", .integer(0...1023), "Behind this layer, counted from 0.", required: true),
                Field(
                    "vector", .array(.number(-1e9...1e9), count: 1...131_072),
                    "As many numbers as the residual stream is wide.", required: true),
            ]), "A direction of the residual stream, such as a control vector's."),
        Field(
            "weight", .number(Limits.weight), "How much the region counts; negative to steer away from it.", default: 1),
    ]
}
