import AttributionGuidedDecoding

/// OpenAI's Responses API.
extension Endpoint {
    static let responses = Endpoint(
        method: .post, path: "/v1/responses",
        summary: "Answers a conversation, guided by a region where one is given, in OpenAI's newer form.",
        fields: conversation + [
            Field(
                "max_output_tokens", .integer(1...Limits.maximumTokens),
                "Tokens generated at most, thoughts included; without it until the context is full."),
            Field(
                "stream_options", .object([.notPadded]), "For streams, which count tokens at their end."),
            Field.stop,
        ] + Field.shared + withoutEffect)

    static let responseTokens = Endpoint(
        method: .post, path: "/v1/responses/input_tokens",
        summary: "The number of tokens of a request to /v1/responses.",
        fields: conversation + Field.shownToTemplate)

    private static let conversation = [
        Field.model,
        Field(
            "input",
            .either([
                .string(1...Limits.promptBytes), .array(.kinds(items), count: 1...Limits.messages),
            ]), "What is asked, as a text or as the conversation so far.", required: true),
        Field(
            "instructions", .string(0...Limits.promptBytes), "A system message before the conversation.", neutral: [""]),
        Field(
            "tools",
            .array(
                .kinds([
                    FieldType.Kind(
                        "function",
                        [
                            Field("name", .string(1...256), "By which it is called.", required: true),
                            Field("description", .string(0...Limits.toolBytes), "What it is for."),
                            Field("parameters", .structure(Limits.toolBytes), "A JSON schema of its arguments."),
                            Field("strict", .boolean, "Has no effect."),
                        ])
                ]), count: 0...Limits.tools), "Functions that the model may call."),
        Field(
            "tool_choice",
            .either([
                .choice(["none", "auto", "required"]),
                .kinds([
                    FieldType.Kind("function", [Field("name", .string(1...256), "The tool's name.", required: true)])
                ]),
            ]), "As in chat completions.", default: "auto"),
        Field(
            "text",
            .object([
                Field(
                    "format",
                    .kinds([
                        FieldType.Kind("text", []), FieldType.Kind("json_object", []),
                        FieldType.Kind(
                            "json_schema",
                            [
                                Field("name", .string(0...256), "Has no effect."),
                                Field("description", .string(0...4096), "Has no effect."),
                                Field("strict", .boolean, "Has no effect: a schema is always obeyed."),
                                Field(
                                    "schema", .structure(Limits.toolBytes),
                                    "A JSON schema; keywords that couldn't be enforced are errors.", required: true),
                            ]),
                    ]), "What the answer is, as response_format of chat completions."),
                .unsupported("verbosity", because: "it is not implemented", neutral: ["medium"]),
            ]), "The form of the answer."),
        Field(
            "reasoning",
            .object([
                Field("effort", Field.reasoningEffort, "A variable of the chat template; others have no use for it."),
                Field("summary", .choice(["auto", "concise", "detailed"]), "Has no effect: thoughts are told whole."),
                Field("generate_summary", .choice(["auto", "concise", "detailed"]), "The same."),
            ]), "How much is thought."),
    ]

    private static let items = [
        FieldType.Kind(
            "message",
            [
                Field(
                    "role", .choice(["user", "assistant", "system", "developer"]),
                    "Who speaks; developer is another word for system.", required: true),
                Field("content", text(["input_text", "output_text", "text"]), "What is said.", required: true),
                Field("phase", .choice(["commentary", "final_answer"]), "Has no effect."),
            ] + itemHead),
        FieldType.Kind(
            "function_call",
            [
                Field("call_id", .string(1...256), "By which its output names it.", required: true),
                Field("name", .string(1...256), "The tool.", required: true),
                Field("arguments", .string(0...Limits.promptBytes), "An object as JSON.", required: true),
            ] + itemHead),
        FieldType.Kind(
            "function_call_output",
            [
                Field("call_id", .string(1...256), "Which call is answered.", required: true),
                Field("output", text(["input_text", "output_text", "text"]), "What the tool says.", required: true),
            ] + itemHead),
        FieldType.Kind(
            "reasoning",
            [
                Field("content", text(["reasoning_text"]), "What the assistant thought before the next item."),
                Field("summary", text(["summary_text"]), "The same, where there is no content."),
                Field("encrypted_content", .string(0...Limits.promptBytes), "Has no effect: nobody here can read it."),
            ] + itemHead),
    ]

    /// A text, or parts of it of such types.
    private static func text(_ types: [String]) -> FieldType {
        let text = [
            Field("text", .string(0...Limits.promptBytes), "A piece of it.", required: true),
            Field("annotations", .array(.structure(Limits.toolBytes), count: 0...1024), "Has no effect."),
            Field("logprobs", .array(.structure(Limits.toolBytes), count: 0...Limits.promptTokens), "Has no effect."),
        ]
        return .either([
            .string(0...Limits.promptBytes),
            .array(.kinds(types.map { FieldType.Kind($0, text) }), count: 0...Limits.contentParts),
        ])
    }

    /// What items of an answer have, so that they can be sent back as they came.
    private static let itemHead = [
        Field("id", .string(0...256), "Has no effect."),
        Field("status", .choice(["in_progress", "completed", "incomplete"]), "Has no effect."),
    ]

    private static let withoutEffect = [
        Field("metadata", .labels(16), "Has no effect; the answer repeats it."),
        Field("user", .string(0...1024), "Has no effect."),
        Field("safety_identifier", .string(0...1024), "Has no effect."),
        Field("prompt_cache_key", .string(0...1024), "Has no effect: prefixes are recognised by themselves."),
        Field("prompt_cache_retention", .choice(["in_memory", "in-memory", "24h"]), "Has no effect."),
        Field("parallel_tool_calls", .boolean, "Has no effect: how many tools a model calls is its own choice."),
        Field("max_tool_calls", .integer(1...1024), "Has no effect: no tool is called here."),
        Field(
            "include", .array(.choice(["reasoning.encrypted_content"]), count: 0...16),
            "Has no effect: thoughts are told, and nothing is encrypted."),
        .unsupported(
            "store", because: "answers are not stored; send the conversation with each request", neutral: [false]),
        .unsupported(
            "previous_response_id", because: "answers are not stored; send the conversation as input"),
        .unsupported("conversation", because: "conversations are not stored; send it as input"),
        .unsupported("background", because: "answers are not stored", neutral: [false]),
        .unsupported("truncation", because: "nothing is cut out of a conversation", neutral: ["disabled"]),
        .unsupported("top_logprobs", because: "chat completions tell log-probabilities", neutral: [0]),
        .unsupported("service_tier", because: "there is one tier", neutral: ["auto", "default"]),
        .unsupported("prompt", because: "no prompts are stored"),
        .unsupported("context_management", because: "it is not implemented", neutral: [[]]),
        .unsupported("moderation", because: "it is not implemented"),
        .unsupported("prompt_cache_options", because: "it is not implemented"),
    ]
}
