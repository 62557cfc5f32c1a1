import AttributionGuidedDecoding

extension ChatTranslation {
    /// Of a request to `/v1/messages`, whose fields have been checked.
    /// - Throws: ``APIError`` for a block that a message of its role can't have.
    init(messages body: JSONValue) throws(APIError) {
        self.init(body, conversation: "messages")
        if let system = body["system"]?.joinedText(of: "text") {
            turns.append(Turn(role: "system", content: system, place: "system"))
        }
        var documents = body["documents"]?.array ?? []
        for (index, message) in (body["messages"]?.array ?? []).enumerated() {
            let (place, role) = ("messages[\(index)]", message["role"]?.string ?? "user")
            if role == "assistant" {
                try addAnswer(message["content"], at: place)
            } else {
                documents += try add(message["content"], by: role, at: place)
            }
        }
        if !documents.isEmpty { set("documents", to: .array(documents), from: "documents") }
        if let last = turns.last, last.role == "assistant", last.calls.isEmpty, last.content?.isEmpty == false {
            set("continue_final_message", to: true, from: last.place)
        }
        set("max_tokens", to: body["max_tokens"], from: "max_tokens")
        set("stop", to: body["stop_sequences"], from: "stop_sequences")
        set(
            "tools", to: body["tools"]?.array.map { .array($0.map { .tool($0, parameters: $0["input_schema"]) }) },
            from: "tools")
        set("tool_choice", to: body["tool_choice"].map(Self.toolChoice), from: "tool_choice")
        setThinking(body)
        setFormat(body["output_config"])
    }

    /// What others than the assistant say. Results of tools become messages of their own.
    /// - Returns: documents among the blocks, as chat completions have them.
    private mutating func add(
        _ content: JSONValue?, by role: String, at place: String
    ) throws(APIError) -> [JSONValue] {
        let blocks = Self.blocks(content)
        let texts = blocks.filter { $0["type"]?.string ?? "text" == "text" }
        var documents: [JSONValue] = []
        var hasResults = false
        for (index, block) in blocks.enumerated() {
            switch block["type"]?.string ?? "text" {
            case "text": break
            case "tool_result":
                hasResults = true
                turns.append(
                    Turn(
                        role: "tool", content: block["content"]?.joinedText(of: "text") ?? "",
                        callID: block["tool_use_id"]?.string, place: "\(place).content[\(index)]"))
            case "document":
                let members = [("title", block["title"]), ("text", block["source"]?["data"])]
                documents.append(.object(members.compactMap { name, value in value.map { .init(name, $0) } }))
            case let type: throw Self.misplaced(type, role, "\(place).content[\(index)]")
            }
        }
        if !texts.isEmpty || !hasResults {
            turns.append(Turn(role: role, content: JSONValue.array(texts).joinedText(of: "text"), place: place))
        }
        return documents
    }

    private mutating func addAnswer(_ content: JSONValue?, at place: String) throws(APIError) {
        var turn = Turn(role: "assistant", place: place)
        for (index, block) in Self.blocks(content).enumerated() {
            switch block["type"]?.string ?? "text" {
            case "text": turn.content = (turn.content ?? "") + (block["text"]?.string ?? "")
            case "thinking": turn.thoughts = (turn.thoughts ?? "") + (block["thinking"]?.string ?? "")
            case "tool_use":
                turn.calls.append(.toolCall(id: block["id"], name: block["name"], arguments: block["input"]))
            case let type: throw Self.misplaced(type, "assistant", "\(place).content[\(index)]")
            }
        }
        turns.append(turn)
    }

    private static func blocks(_ content: JSONValue?) -> [JSONValue] {
        content?.array ?? content?.string.map { [["text": .string($0)]] } ?? []
    }

    private static func misplaced(_ type: String, _ role: String, _ place: String) -> APIError {
        .invalid("'\(place)': a message of role \(role) has no block of type \(type).", param: place)
    }

    private static func toolChoice(_ choice: JSONValue) -> JSONValue {
        if let name = choice["name"] { return ["type": "function", "function": ["name": name]] }
        return choice["type"] == "any" ? "required" : choice["type"] ?? "auto"
    }

    private mutating func setThinking(_ body: JSONValue) {
        let thinks: [String: JSONValue] = ["enabled": true, "disabled": false]
        guard let wanted = body["thinking"]?["type"]?.string.flatMap({ thinks[$0] }) else { return }
        let others = (body["chat_template_kwargs"]?.members ?? []).filter { $0.key != "enable_thinking" }
        set("chat_template_kwargs", to: .object(others + [.init("enable_thinking", wanted)]), from: "thinking")
    }

    private mutating func setFormat(_ config: JSONValue?) {
        let effort = config?["effort"].map { ["xhigh", "max"].contains($0.string) ? "high" : $0 }
        set("reasoning_effort", to: effort, from: "output_config.effort")
        guard let schema = config?["format"]?["schema"] else { return }
        set(
            "response_format", to: ["type": "json_schema", "json_schema": ["schema": schema]],
            from: "output_config.format")
        call("response_format.json_schema.schema", "output_config.format.schema")
    }
}
