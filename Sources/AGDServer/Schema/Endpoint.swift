import AttributionGuidedDecoding

/// A path of the API with the fields of its requests. The router, the checks and `/openapi.json` all read this table.
struct Endpoint: Sendable {
    enum Method: String, Sendable { case get, post }

    var method: Method
    var path: String
    var summary: String
    var fields: [Field] = []
    var answer = "application/json"

    static let chatCompletions = Endpoint(
        method: .post, path: "/v1/chat/completions",
        summary: "Answers a conversation, guided by a region where one is given.",
        fields: [Field.model, .messages] + Field.generation + [
            Field(
                "max_tokens", .integer(1...Limits.maximumTokens),
                "Tokens generated at most; without it until the context is full."),
            Field(
                "max_completion_tokens", .integer(1...Limits.maximumTokens),
                "The same as max_tokens, by its newer name."),
            Field("logprobs", .boolean, "Tells the log-probability of each token.", default: false),
            Field(
                "top_logprobs", .integer(0...Limits.logProbabilities),
                "With logprobs: likeliest tokens told at each place.", default: 0),
        ] + Field.agd + Field.chatWithoutEffect)

    static let completions = Endpoint(
        method: .post, path: "/v1/completions", summary: "Continues a raw prompt, without a chat template.",
        fields: [
            Field.model,
            Field(
                "prompt",
                .either([
                    .string(1...Limits.promptBytes),
                    .array(.integer(0...Int(Int32.max)), count: 1...Limits.promptTokens),
                    .array(.string(1...Limits.promptBytes), count: 1...Limits.prompts),
                    .array(
                        .array(.integer(0...Int(Int32.max)), count: 1...Limits.promptTokens), count: 1...Limits.prompts),
                ]), "A text or token ids, or several of them; each gets an answer of its own.", required: true),
        ] + Field.generation + [
            Field(
                "max_tokens", .integer(0...Limits.maximumTokens), "Tokens generated at most; 0 only with echo.",
                default: 16),
            Field(
                "echo", .boolean, "Begins the answer with the prompt; with logprobs its tokens are rated too.",
                default: false),
            Field(
                "logprobs", .integer(0...Limits.logProbabilities),
                "Tells the log-probability of each token, and of so many likeliest ones in its place."),
        ] + Field.agd + Field.completionWithoutEffect)

    static let tokenize = Endpoint(
        method: .post, path: "/tokenize",
        summary: "The tokens of a prompt, where they lie in it, and their weights in the region.",
        fields: Field.promptOrMessages + Field.agd)

    static let attributions = Endpoint(
        method: .post, path: "/v1/attributions",
        summary: "How relevant each token of a prompt is for what the model could say next.",
        fields: Field.promptOrMessages + [
            Field(
                "targets",
                .array(.either([.integer(0...Int(Int32.max)), .string(1...256)]), count: 1...Limits.targets),
                "Tokens to explain, by id or by text that is one token.", required: true),
            Field("heads", .boolean, "Tells the relevance of each attention head too.", default: false),
        ] + Field.agd)

    static let models = Endpoint(method: .get, path: "/v1/models", summary: "The model that is served.")
    static let health = Endpoint(
        method: .get, path: "/health",
        summary: "200 when requests can be served, 503 while the model loads or the server stops.")
    static let metrics = Endpoint(
        method: .get, path: "/metrics", summary: "Counters and timings in Prometheus' text format.",
        answer: "text/plain")
    static let openAPI = Endpoint(method: .get, path: "/openapi.json", summary: "This description.")

    static let all = [chatCompletions, completions, tokenize, attributions, models, health, metrics, openAPI]
}

/// Caps on everything that a request can count.
enum Limits {
    /// Room for a prompt of some hundred thousand tokens.
    static let bodyBytes = 2 << 20
    static let promptBytes = 1 << 20
    static let promptTokens = 131_072
    static let prompts = 64
    static let messages = 1024
    static let contentParts = 64
    static let maximumTokens = 131_072
    static let choices = 8
    static let stopStrings = 16
    static let stopBytes = 256
    static let logProbabilities = 20
    static let regions = 32
    static let candidates = 64
    static let heads = 4096
    static let targets = 16
    static let weight = -1000.0...1000.0
    /// A pattern is tried at every place of the prompt by a matcher that backtracks.
    static let patternBytes = 256
    /// Integers that a JSON number holds exactly.
    static let seed = -9_007_199_254_740_991...9_007_199_254_740_991
}

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
                        ]), "What is said; pieces are put together.", required: true),
                    Field("agd_weight", .number(Limits.weight), "Makes the message a region with this weight."),
                ]
                    + [
                        "name", "tool_calls", "tool_call_id", "function_call", "refusal", "audio", "annotations",
                        "reasoning_content",
                    ].map {
                        Field(
                            $0, .only([], because: "chat templates here know a message's role and content only"),
                            "Not supported.")
                    }), count: 1...Limits.messages), "The conversation so far.", required: true)

    static let promptOrMessages = [
        Field("messages", messages.type, "A conversation, or else give a prompt."),
        Field(
            "prompt",
            .either([
                .string(1...Limits.promptBytes), .array(.integer(0...Int(Int32.max)), count: 1...Limits.promptTokens),
            ]), "A raw text or token ids, or else give messages."),
        model,
    ]

    static let generation = [
        Field(
            "temperature", .number(0...100),
            "0 takes the most probable token; above 0 tokens are drawn, with logits divided by it.", default: 0),
        Field("top_p", .number(0...1), "Draws from the smallest set of tokens with this much probability.", default: 1),
        Field("top_k", .integer(0...1_000_000), "Draws from this many most probable tokens; 0 from all.", default: 0),
        Field(
            "min_p", .number(0...1), "Drops tokens with less than this share of the most probable one's probability.",
            default: 0),
        Field("seed", .integer(Limits.seed), "The same seed gives the same tokens; without it every draw is new."),
        Field("n", .integer(1...Limits.choices), "Number of answers.", default: 1),
        Field(
            "stop",
            .either([
                .string(1...Limits.stopBytes), .array(.string(1...Limits.stopBytes), count: 0...Limits.stopStrings),
            ]), "Texts before which the answer ends."),
        Field("ignore_eos", .boolean, "Goes on after the model's end-of-generation tokens.", default: false),
        Field("stream", .boolean, "Sends the answer as it is made, as server-sent events.", default: false),
        Field(
            "stream_options",
            .object([
                Field("include_usage", .boolean, "Ends with a chunk that counts tokens.", default: false),
                Field("include_obfuscation", .only([false], because: "chunks are not padded"), "Not supported."),
            ]), "With stream only."),
    ]

    static let agd = [
        Field(
            "agd",
            .object([
                Field(
                    "roi",
                    .array(.either([.string(1...Limits.promptBytes), .object(region)]), count: 0...Limits.regions),
                    "Regions of interest: objects, or the command line's specifications such as system, message:1, text:\"in French\"=-0.5."
                ),
                Field(
                    "strategy", .choice(["greedy", "sample", "agd"]),
                    "How tokens are chosen; without it agd where there is a region, else greedy or sample by temperature."
                ),
                Field(
                    "rule", .choice(PropagationRule.all.map(\.name)), "How relevance propagates.",
                    default: .string(PropagationRule.attnLRP.name)),
                Field(
                    "score", .choice(AttributionGuided.Score.allCases.map(\.rawValue)),
                    "What candidates are ranked by: sum (the region's relevance) or excess (its share beyond the usual).",
                    default: .string(AttributionGuided.Score.sum.rawValue)),
                Field("candidates", .integer(1...Limits.candidates), "Candidates at most (k).", default: 5),
                Field("min_probability", .number(0...1), "Least probability of a candidate.", default: 0.05),
                Field(
                    "entropy_threshold", .either([.number(0...100), .choice(["off"])]),
                    "Guides only where the entropy, in nats, is at least this; off guides every step.",
                    default: .number(AttributionGuided.paperEntropyThreshold)),
                Field("trace", .boolean, "Adds to each choice or chunk how its tokens were chosen.", default: false),
            ]), "Attribution-guided decoding.")
    ]

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
            "weight", .number(Limits.weight), "How much the region counts; negative to steer away from it.", default: 1),
    ]

    private static let withoutEffect = [
        Field("user", .string(0...1024), "Has no effect."),
        Field("frequency_penalty", .only([0], because: "penalties are not implemented"), "Not supported."),
        Field("presence_penalty", .only([0], because: "penalties are not implemented"), "Not supported."),
        Field("logit_bias", .only([[:]], because: "biases are not implemented"), "Not supported."),
    ]
    static let completionWithoutEffect =
        withoutEffect + [
            Field("best_of", .only([1], because: "answers are not ranked"), "Not supported."),
            Field("suffix", .only([], because: "insertion is not implemented"), "Not supported."),
        ]
    static let chatWithoutEffect =
        withoutEffect + [
            Field("metadata", .labels(16), "Has no effect."),
            Field("safety_identifier", .string(0...1024), "Has no effect."),
            Field("prompt_cache_key", .string(0...1024), "Has no effect: prefixes are recognised by themselves."),
            Field("store", .only([false], because: "answers are not stored"), "Not supported."),
            Field("service_tier", .only(["auto", "default"], because: "there is one tier"), "Not supported."),
            Field("response_format", .only([["type": "text"]], because: "formats are not enforced"), "Not supported."),
            Field("modalities", .only([["text"]], because: "models here write text"), "Not supported."),
            Field("tools", .only([[]], because: "tools are not implemented"), "Not supported."),
            Field("tool_choice", .only(["none", "auto"], because: "tools are not implemented"), "Not supported."),
            Field("parallel_tool_calls", .boolean, "Has no effect without tools."),
        ]
        + ["functions", "function_call", "audio", "prediction", "reasoning_effort", "verbosity", "web_search_options"]
        .map {
            Field($0, .only([], because: "it is not implemented"), "Not supported.")
        }
}
