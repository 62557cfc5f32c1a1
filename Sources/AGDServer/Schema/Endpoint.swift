import AttributionGuidedDecoding
import Hummingbird

/// A path of the API with the fields of its requests. The router, the checks and `/openapi.json` all read this table.
struct Endpoint: Sendable {
    enum Method: String, Sendable { case get, post }

    var method: Method
    var path: String
    var summary: String
    var fields: [Field] = []
    var answer = "application/json"
    /// Whether it is for everybody where the server wants a key.
    var isPublic = false

    /// The path as the router knows it; a model's name may hold slashes.
    var route: RouterPath { RouterPath(path.replacing("{model}", with: "**")) }

    /// A request's body, without fields that mean nothing.
    /// - Throws: ``APIError`` that names the field at fault.
    func checked(_ body: JSONValue) throws -> JSONValue {
        guard case .object(let members) = body else {
            throw APIError.invalid("The body must be a JSON object; it is \(body.kind).", param: nil)
        }
        return .object(try FieldType.checked(members, fields))
    }

    static let chatCompletions = Endpoint(
        method: .post, path: "/v1/chat/completions",
        summary: "Answers a conversation, guided by a region where one is given.",
        fields: [Field.model, .messages] + Field.generation + [
            Field(
                "max_tokens", .integer(1...Limits.maximumTokens),
                "Tokens generated at most; without it until the context is full.", neutral: [-1]),
            Field(
                "max_completion_tokens", .integer(1...Limits.maximumTokens),
                "The same as max_tokens, by its newer name.", neutral: [-1]),
            Field("logprobs", .boolean, "Tells the log-probability of each token.", default: false),
            Field(
                "top_logprobs", .integer(0...Limits.logProbabilities),
                "With logprobs: likeliest tokens told at each place.", default: 0),
        ] + Field.template + Field.agd + Field.chatWithoutEffect)

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
        fields: Field.promptOrMessages + Field.agdRegions)

    static let attributions = Endpoint(
        method: .post, path: "/v1/attributions",
        summary: "How relevant each token of a prompt is for what the model could say next.",
        fields: Field.promptOrMessages + [
            Field(
                "targets",
                .array(.either([.integer(0...Int(Int32.max)), .string(1...256)]), count: 1...Limits.targets),
                "Tokens to explain, by id or by text that is one token.", required: true),
            Field("heads", .boolean, "Tells the relevance of each attention head too.", default: false),
        ] + Field.agdAttribution)

    static let models = Endpoint(method: .get, path: "/v1/models", summary: "The model that is served.")
    static let model = Endpoint(
        method: .get, path: "/v1/models/{model}", summary: "The same for one model, by its name.")
    static let health = Endpoint(
        method: .get, path: "/health",
        summary: "200 when requests can be served, 503 while the model loads or the server stops.", isPublic: true)
    static let metrics = Endpoint(
        method: .get, path: "/metrics", summary: "Counters and timings in Prometheus' text format.",
        answer: "text/plain")
    static let openAPI = Endpoint(
        method: .get, path: "/openapi.json", summary: "This description.", isPublic: true)
    static let page = Endpoint(
        method: .get, path: "/", summary: "A page on which one marks a passage and watches the answer change.",
        answer: "text/html", isPublic: true)
    static let pageStyle = Endpoint(
        method: .get, path: "/page.css", summary: "A part of the page.", answer: "text/css", isPublic: true)
    static let pageScript = Endpoint(
        method: .get, path: "/page.js", summary: "A part of the page.", answer: "text/javascript", isPublic: true)

    static let all = [
        chatCompletions, completions, tokenize, attributions, models, model, health, metrics, openAPI, page, pageStyle,
        pageScript,
    ]
    /// By the router's name for what it matched.
    static let byRoute = Dictionary(all.map { ($0.route.description, $0) }) { first, _ in first }
}

/// Caps on everything that a request can count.
enum Limits {
    /// Room for a prompt of some hundred thousand tokens.
    static let bodyBytes = 2 << 20
    /// All bodies that are being received.
    static let bodiesBytes = 64 << 20
    /// Tokens that one request may have read and generated: 64 prompts that fill a context of 4096.
    static let tokens = 262_144
    /// An answer in JSON that is held at once; encoding it takes about ten times as much for a moment.
    static let answerBytes = 16 << 20
    static let tokenizedTokens = 65_536
    static let promptBytes = 1 << 20
    static let promptTokens = 131_072
    static let prompts = 64
    static let messages = 1024
    static let contentParts = 64
    static let tools = 128
    static let toolBytes = 65_536
    static let maximumTokens = 131_072
    static let choices = 8
    static let stopStrings = 16
    static let stopBytes = 256
    static let logProbabilities = 20
    static let regions = 32
    static let candidates = 64
    static let layers = 64
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
                        ]), "What is said; pieces are put together. An assistant may have said nothing (null)."),
                    Field("agd_weight", .number(Limits.weight), "Makes the message a region with this weight."),
                ] + messageParts + messageWithoutEffect), count: 1...Limits.messages), "The conversation so far.",
        required: true)

    /// What an answer says beside its text, so that it can be sent back as it came.
    private static let messageWithoutEffect = [
        unsupportedInMessage("function_call", neutral: [[:]]), unsupportedInMessage("refusal", neutral: [""]),
        unsupportedInMessage("audio", neutral: [[:]]), unsupportedInMessage("annotations", neutral: [[]]),
        unsupportedInMessage("reasoning", neutral: [""]),
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

    static let generation = [
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
        Field("n", .integer(1...Limits.choices), "Number of answers.", default: 1),
        Field(
            "stop",
            .either([
                .string(1...Limits.stopBytes), .array(.string(1...Limits.stopBytes), count: 0...Limits.stopStrings),
            ]), "Texts before which the answer ends.", neutral: ["", [""]]),
        Field("ignore_eos", .boolean, "Goes on after the model's end-of-generation tokens.", default: false),
        Field("stream", .boolean, "Sends the answer as it is made, as server-sent events.", default: false),
        Field(
            "stream_options",
            .object([
                Field("include_usage", .boolean, "Ends with a chunk that counts tokens.", default: false),
                .unsupported("include_obfuscation", because: "chunks are not padded", neutral: [false]),
            ]), "For streams; a whole answer counts tokens anyway."),
    ]

    private static let roi = Field(
        "roi",
        .array(.either([.string(1...Limits.promptBytes), .object(region)]), count: 0...Limits.regions),
        "Regions of interest: objects, or the command line's specifications such as system, message:1, text:\"in French\"=-0.5. Where they overlap, weights add up, to 1e6 at most."
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
                    Field("trace", .boolean, "Adds to each choice or chunk how its tokens were chosen.", default: false)
                ]), "Attribution-guided decoding, and the methods it is compared with.")
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
        .unsupported("frequency_penalty", because: "penalties are not implemented", neutral: [0]),
        .unsupported("presence_penalty", because: "penalties are not implemented", neutral: [0]),
        .unsupported("repetition_penalty", because: "penalties are not implemented", neutral: [1]),
        .unsupported("repeat_penalty", because: "penalties are not implemented", neutral: [1]),
        .unsupported("logit_bias", because: "biases are not implemented", neutral: [[:], []]),
        .unsupported("typical_p", because: "it is not implemented", neutral: [1]),
        .unsupported("mirostat", because: "it is not implemented", neutral: [0]),
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
            .unsupported("response_format", because: "formats are not enforced", neutral: [["type": "text"]]),
            .unsupported("modalities", because: "models here write text", neutral: [["text"], []]),
            .unsupported("functions", because: "they are called tools now", neutral: [[]]),
            .unsupported("function_call", because: "it is called tool_choice now", neutral: ["none", "auto"]),
            Field("parallel_tool_calls", .boolean, "Has no effect: how many tools a model calls is its own choice."),
        ]
        + ["audio", "prediction", "verbosity", "web_search_options"].map {
            .unsupported($0, because: "it is not implemented")
        }
}
