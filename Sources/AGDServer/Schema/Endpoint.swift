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
    /// How its errors are told.
    var dialect = Dialect.openAI

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
        ] + Field.constraints + [.responseFormat] + Field.template + Field.agd + Field.chatWithoutEffect)

    static let completions = Endpoint(
        method: .post, path: "/v1/completions", summary: "Continues a raw prompt, without a chat template.",
        fields: [
            Field.model,
            Field(
                "prompt", Field.rawPrompts(count: Limits.prompts),
                "A text or token ids, or several of them; each gets an answer of its own.", required: true),
        ] + Field.generation + [
            Field(
                "max_tokens", .integer(-1...Limits.maximumTokens),
                "Tokens generated at most; 0 only with echo, -1 for as many as the context holds.", default: 16),
            Field(
                "echo", .boolean, "Begins the answer with the prompt; with logprobs its tokens are rated too.",
                default: false),
            Field(
                "logprobs", .integer(0...Limits.logProbabilities),
                "Tells the log-probability of each token, and of so many likeliest ones in its place."),
        ] + Field.constraints + [.responseFormat] + Field.agd + Field.completionWithoutEffect)

    static let embeddings = Endpoint(
        method: .post, path: "/v1/embeddings",
        summary: "Texts as vectors of length 1, where the model's file says how it makes them.",
        fields: [
            Field.model,
            Field(
                "input", Field.rawPrompts(count: Limits.embeddings),
                "A text or token ids, or several of them; each gets a vector.", required: true),
            Field(
                "encoding_format", .choice(["float", "base64"]),
                "Numbers, or their bytes in single precision, the lowest first.", default: "float"),
            .unsupported("dimensions", because: "vectors are as wide as the model"),
            Field("user", .string(0...1024), "Has no effect."),
        ])

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
            Field("neurons", .integer(1...1024), "Tells so many neurons that carry most of each target too."),
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
        method: .get, path: "/", summary: "A chat in which passages are marked that the answers shall draw on.",
        answer: "text/html", isPublic: true)
    static let pageFile = Endpoint(
        method: .get, path: "/page/{file}", summary: "A part of the page: a style sheet or a script.",
        answer: "text/*", isPublic: true)

    static let all = [
        chatCompletions, completions, responses, responseTokens, messages, messageTokens, embeddings, tokenize,
        attributions,
        models, model, health, metrics, openAPI, page, pageFile,
    ]
    /// By the router's name for what it matched.
    static let byRoute = Dictionary(all.map { ($0.route.description, $0) }) { first, _ in first }
}
