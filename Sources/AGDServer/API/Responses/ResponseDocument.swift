import AttributionGuidedDecoding

/// The object that `/v1/responses` answers with, and that some of its streams' events carry.
struct ResponseDocument: Encodable, Sendable {
    var id: String
    var object = "response"
    var createdAt: Int
    var model: String
    var status = "in_progress"
    var output: [JSONValue] = []
    var error: JSONValue = .null
    var incompleteDetails: JSONValue = .null
    var usage: JSONValue = .null
    var agd: Trace?

    // What was asked, or what stands in where it was left out.
    var instructions, maxOutputTokens, temperature, topP, user, metadata, tools, toolChoice, text, reasoning: JSONValue

    // What can't be asked otherwise.
    var background = false
    var parallelToolCalls = true
    var previousResponseId: JSONValue = .null
    var serviceTier = "default"
    var store = false
    var topLogprobs = 0
    var truncation = "disabled"

    init(_ head: AnswerHead, _ request: JSONValue) {
        (id, createdAt, model) = (head.id, head.created, head.served.name)
        instructions = request["instructions"] ?? .null
        maxOutputTokens = request["max_output_tokens"] ?? .null
        temperature = request["temperature"] ?? .null
        topP = request["top_p"] ?? .null
        user = request["user"] ?? .null
        metadata = request["metadata"] ?? .object([JSONValue.Member]())
        tools = request["tools"] ?? []
        toolChoice = request["tool_choice"] ?? "auto"
        text = ["format": request["text"]?["format"] ?? ["type": "text"]]
        reasoning = ["effort": request["reasoning"]?["effort"] ?? .null, "summary": .null]
    }
}
