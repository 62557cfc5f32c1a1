import AttributionGuidedDecoding

/// Anthropic's Messages API.
extension Endpoint {
    static let messages = Endpoint(
        method: .post, path: "/v1/messages",
        summary: "Answers a conversation, guided by a region where one is given, in Anthropic's form.",
        fields: conversation + [
            Field(
                "max_tokens", .integer(1...Limits.maximumTokens),
                "Tokens generated at most; without it until the context is full."),
            Field(
                "stop_sequences", .array(.string(1...Limits.stopBytes), count: 0...Limits.stopStrings),
                "Texts before which the answer ends.", neutral: [[""]]),
        ] + Field.shared + withoutEffect, dialect: .anthropic)

    static let messageTokens = Endpoint(
        method: .post, path: "/v1/messages/count_tokens", summary: "The number of tokens of a request to /v1/messages.",
        fields: conversation + Field.shownToTemplate, dialect: .anthropic)

    private static let conversation = [
        Field.model,
        Field(
            "messages",
            .array(
                .object([
                    Field("role", .choice(["user", "assistant", "system"]), "Who speaks.", required: true),
                    Field("content", content(blocks), "What is said, called and answered.", required: true),
                ]), count: 1...Limits.messages),
            "The conversation so far. An assistant's message at its end is continued.", required: true),
        Field("system", content([text]), "A system message before the conversation.", neutral: ["", []]),
        Field(
            "tools",
            .array(
                .kinds([
                    FieldType.Kind(
                        "custom",
                        [
                            Field("name", .string(1...256), "By which it is called.", required: true),
                            Field("description", .string(0...Limits.toolBytes), "What it is for."),
                            Field(
                                "input_schema", .structure(Limits.toolBytes), "A JSON schema of its arguments.",
                                required: true),
                            Field("strict", .boolean, "Has no effect."),
                            Field("eager_input_streaming", .boolean, "Has no effect."),
                            Field("defer_loading", .boolean, "Has no effect: all tools are shown."),
                            Field(
                                "input_examples", .array(.structure(Limits.toolBytes), count: 0...64), "Has no effect."),
                            Field("allowed_callers", .array(.string(0...64), count: 0...8), "Has no effect."), cache,
                        ])
                ]), count: 0...Limits.tools), "Tools that the model may call; this server runs none."),
        Field(
            "tool_choice",
            .kinds([
                FieldType.Kind("auto", [parallel]), FieldType.Kind("any", [parallel]), FieldType.Kind("none", []),
                FieldType.Kind(
                    "tool", [Field("name", .string(1...256), "The tool's name.", required: true), parallel]),
            ]),
            "none keeps the tools from the model; any, or a tool by its name, keeps the answer to a call, from its first token on."
        ),
        Field(
            "thinking",
            .kinds([
                FieldType.Kind("enabled", [budget, display]), FieldType.Kind("disabled", []),
                FieldType.Kind("adaptive", [display]),
            ]),
            "enabled and disabled are the chat template's variable enable_thinking; without it the template decides."),
        Field(
            "output_config",
            .object([
                Field(
                    "effort", .choice(["low", "medium", "high", "xhigh", "max"]),
                    "The chat template's variable reasoning_effort, high at most; others have no use for it."),
                Field(
                    "format",
                    .kinds([
                        FieldType.Kind(
                            "json_schema",
                            [
                                Field(
                                    "schema", .structure(Limits.toolBytes),
                                    "A JSON schema; keywords that couldn't be enforced are errors.", required: true)
                            ])
                    ]), "Keeps the answer to JSON, as response_format of chat completions."),
            ]), "The form of the answer."),
        cache,
    ]

    /// A text, or blocks of such kinds.
    private static func content(_ kinds: [FieldType.Kind]) -> FieldType {
        .either([.string(0...Limits.promptBytes), .array(.kinds(kinds), count: 0...Limits.contentParts)])
    }

    private static let text = FieldType.Kind(
        "text",
        [
            Field("text", .string(0...Limits.promptBytes), "A piece of what is said.", required: true),
            Field("citations", .array(.structure(Limits.toolBytes), count: 0...1024), "Has no effect."), cache,
        ])

    private static let blocks = [
        text,
        FieldType.Kind(
            "tool_use",
            [
                Field("id", .string(1...256), "By which its result names it.", required: true),
                Field("name", .string(1...256), "The tool.", required: true),
                Field("input", .structure(Limits.promptBytes), "Its arguments.", required: true),
                Field("caller", .structure(Limits.toolBytes), "Has no effect."), cache,
            ]),
        FieldType.Kind(
            "tool_result",
            [
                Field("tool_use_id", .string(1...256), "Which call is answered.", required: true),
                Field("content", content([text]), "What the tool says."),
                Field("is_error", .boolean, "Has no effect: chat templates don't know it."), cache,
            ]),
        FieldType.Kind(
            "thinking",
            [
                Field("thinking", .string(0...Limits.promptBytes), "What the assistant thought.", required: true),
                Field("signature", .string(0...Limits.toolBytes), "Has no effect."),
            ]),
        FieldType.Kind(
            "document",
            [
                Field(
                    "source",
                    .kinds([
                        FieldType.Kind(
                            "text",
                            [
                                Field("media_type", .choice(["text/plain"]), "Texts alone are understood."),
                                Field("data", .string(1...Limits.promptBytes), "What it says.", required: true),
                            ])
                    ]), "The document.", required: true),
                Field("title", .string(0...4096), "What it is called."),
                .unsupported("context", because: "put it into the document"),
                Field(
                    "citations",
                    .object([
                        .unsupported("enabled", because: "agd.sources tells what an answer rests on", neutral: [false])
                    ]),
                    "Has no effect."),
                cache,
            ]),
    ]

    private static let cache = Field(
        "cache_control", .structure(Limits.toolBytes), "Has no effect: prefixes are recognised by themselves.")
    private static let parallel = Field(
        "disable_parallel_tool_use", .boolean, "Has no effect: how many tools a model calls is its own choice.")
    private static let budget = Field("budget_tokens", .integer(1...Limits.maximumTokens), "Has no effect.")
    private static let display = Field(
        "display", .choice(["summarized", "omitted"]), "Has no effect: thoughts are told.")

    private static let withoutEffect =
        [
            Field(
                "metadata", .object([Field("user_id", .string(0...1024), "Has no effect.")]), "Has no effect."),
            .unsupported("service_tier", because: "there is one tier", neutral: ["auto", "standard_only"]),
            .unsupported("speed", because: "there is one", neutral: ["standard"]),
            .unsupported("mcp_servers", because: "this server runs no tools", neutral: [[]]),
        ]
        + ["container", "context_management", "diagnostics", "inference_geo", "user_profile_id", "workspace_id"].map {
            .unsupported($0, because: "it is not implemented")
        }
}
