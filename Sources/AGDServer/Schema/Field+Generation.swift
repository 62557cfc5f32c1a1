import AttributionGuidedDecoding

/// What generation is asked for, in OpenAI's words.
extension Field {
    static let model = Field(
        "model", .string(0...256), "The served model's name, as in /v1/models; without it the same model.")

    static let messages = Field(
        "messages",
        .array(
            .object(
                [
                    Field(
                        "role", .choice(["system", "developer", "user", "assistant", "tool"]),
                        "Who speaks; developer is another word for system.", required: true),
                    Field(
                        "content",
                        .either([
                            .string(0...Limits.promptBytes),
                            .array(
                                .object([
                                    Field("type", .choice(["text"]), "Only texts are understood.", required: true),
                                    Field(
                                        "text", .string(0...Limits.promptBytes), "A piece of the message.",
                                        required: true),
                                ]), count: 0...Limits.contentParts),
                        ]), "What is said; pieces are put together. An assistant may have said nothing (null)."),
                    Field("agd_weight", .number(Limits.weight), "Makes the message a region with this weight."),
                    .untrustedMark,
                ] + messageParts + messageWithoutEffect), count: 1...Limits.messages), "The conversation so far.",
        required: true)

    /// Of a message or document.
    static let untrustedMark = Field(
        "agd_trust", .choice(Trust.allCases.map(\.rawValue)),
        "Whether it may tell the model what to do. The share of what is untrusted is told with agd.sources and held to agd.trust, and the region \"untrusted\" is all of it."
    )

    /// What an answer says beside its text, so that it can be sent back as it came.
    private static let messageWithoutEffect = [
        unsupportedInMessage("function_call", neutral: [[:]]), unsupportedInMessage("refusal", neutral: [""]),
        unsupportedInMessage("audio", neutral: [[:]]),
        Field(
            "annotations", .array(.structure(Limits.toolBytes), count: 0...1024),
            "Citations of an earlier answer; chat templates don't show them."),
        unsupportedInMessage("reasoning", neutral: [""]), unsupportedInMessage("reasoning_details", neutral: [[]]),
        unsupportedInMessage("images", neutral: [[]]), unsupportedInMessage("parsed", neutral: []),
        unsupportedInMessage("provider_specific_fields", neutral: [[:]]),
    ]

    private static func unsupportedInMessage(_ name: String, neutral: [JSONValue]) -> Field {
        .unsupported(name, because: "chat templates know no such part of a message", neutral: neutral)
    }

    static let promptOrMessages = [
        Field("messages", messages.type, "A conversation, or else give a prompt."),
        Field(
            "prompt",
            .either([
                .string(1...Limits.promptBytes), .array(.integer(0...Int(Int32.max)), count: 1...Limits.promptTokens),
            ]), "A raw text or token ids, or else give messages."),
        model,
    ]

    /// A text, token ids, or several of either.
    static func rawPrompts(count: Int) -> FieldType {
        let tokens = FieldType.array(.integer(0...Int(Int32.max)), count: 1...Limits.promptTokens)
        return .either([
            .string(1...Limits.promptBytes), tokens, .array(.string(1...Limits.promptBytes), count: 1...count),
            .array(tokens, count: 1...count),
        ])
    }

    /// How tokens are drawn.
    static let draws = [
        Field(
            "temperature", .number(0...100),
            "0 takes the most probable token; above 0 tokens are drawn, with logits divided by it. Without it nothing is drawn, or with agd.strategy \"sample\" at 1. Strategies that draw nothing ignore it, and the answer's agd.notes say so; the same goes for top_p, top_k and min_p."
        ),
        Field(
            "top_p", .number(0...1), "Draws from the smallest set of tokens with this much probability.",
            default: .number(Sampling.Options.openAI.topP)),
        Field(
            "top_k", .integer(0...1_000_000), "Draws from this many most probable tokens; 0 from all.",
            default: .number(Double(Sampling.Options.openAI.topK)), neutral: [-1]),
        Field(
            "min_p", .number(0...1), "Drops tokens with less than this share of the most probable one's probability.",
            default: .number(Sampling.Options.openAI.minP)),
        Field(
            "seed", .integer(Limits.seed), "The same seed gives the same tokens; without it every draw is new.",
            neutral: [-1]),
    ]

    /// What requests of other APIs may ask for in the words of chat completions.
    static let shared = draws + [ignoresEnd, stream] + shownToTemplate + constraints + agd

    /// Those of them that the prompt is made of.
    static let shownToTemplate = [documents, templateVariables]

    static let stop = Field(
        "stop",
        .either([
            .string(1...Limits.stopBytes), .array(.string(1...Limits.stopBytes), count: 0...Limits.stopStrings),
        ]), "Texts before which the answer ends.", neutral: ["", [""]])

    static let ignoresEnd = Field(
        "ignore_eos", .boolean, "Goes on after the model's end-of-generation tokens.", default: false)

    static let stream = Field(
        "stream", .boolean, "Sends the answer as it is made, as server-sent events.", default: false)

    static let generation =
        draws + [
            Field("n", .integer(1...Limits.choices), "Number of answers.", default: 1), stop, ignoresEnd, stream,
            Field(
                "stream_options",
                .object([
                    Field("include_usage", .boolean, "Ends with a chunk that counts tokens.", default: false),
                    notPadded,
                ]), "For streams; a whole answer counts tokens anyway."),
        ]

    /// In `stream_options`.
    static let notPadded = unsupported("include_obfuscation", because: "chunks are not padded", neutral: [false])
}
