/// Fields that clients send though they change nothing here.
extension Field {
    private static let withoutEffect = [
        Field("user", .string(0...1024), "Has no effect."),
        .unsupported("repetition_penalty", because: "there are presence_penalty and frequency_penalty", neutral: [1]),
        .unsupported("repeat_penalty", because: "there are presence_penalty and frequency_penalty", neutral: [1]),
        .unsupported("typical_p", because: "it is not implemented", neutral: [1]),
        .unsupported("mirostat", because: "it is not implemented", neutral: [0]),
        .unsupported("dry_multiplier", because: "it is not implemented", neutral: [0]),
        .unsupported("xtc_probability", because: "it is not implemented", neutral: [0]),
        .unsupported("top_a", because: "it is not implemented", neutral: [0]),
        .unsupported("tfs_z", because: "it is not implemented", neutral: [1]),
        .unsupported("length_penalty", because: "there are presence_penalty and frequency_penalty", neutral: [1]),
        .unsupported("use_beam_search", because: "it is not implemented", neutral: [false]),
        .unsupported("stop_token_ids", because: "answers end at texts", neutral: [[]]),
        .unsupported("skip_special_tokens", because: "answers are texts without control tokens", neutral: [true]),
    ]
    static let completionWithoutEffect =
        withoutEffect + [
            .unsupported("best_of", because: "answers are not ranked", neutral: [1]),
            .unsupported("suffix", because: "insertion is not implemented", neutral: [""]),
        ]
    static let chatWithoutEffect =
        withoutEffect + [
            Field("metadata", .labels(16), "Has no effect."),
            Field("safety_identifier", .string(0...1024), "Has no effect."),
            Field("prompt_cache_key", .string(0...1024), "Has no effect: prefixes are recognised by themselves."),
            .unsupported("store", because: "answers are not stored", neutral: [false]),
            .unsupported("service_tier", because: "there is one tier", neutral: ["auto", "default"]),
            .unsupported("verbosity", because: "it is not implemented", neutral: ["medium"]),
            .unsupported("modalities", because: "models here write text", neutral: [["text"], []]),
            .unsupported("functions", because: "they are called tools now", neutral: [[]]),
            .unsupported("function_call", because: "it is called tool_choice now", neutral: ["none", "auto"]),
            Field("parallel_tool_calls", .boolean, "Has no effect: how many tools a model calls is its own choice."),
        ]
        + ["audio", "prediction", "web_search_options"].map { .unsupported($0, because: "it is not implemented") }
}
