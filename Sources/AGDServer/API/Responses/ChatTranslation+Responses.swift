import AttributionGuidedDecoding

extension ChatTranslation {
    /// Of a request to `/v1/responses`, whose fields have been checked.
    init(responses body: JSONValue) {
        self.init(body, conversation: "input")
        if let instructions = body["instructions"]?.string {
            turns.append(Turn(role: "system", content: instructions, place: "instructions"))
        }
        if let text = body["input"]?.string { turns.append(Turn(role: "user", content: text, place: "input")) }
        var thoughts: String?
        for (index, item) in (body["input"]?.array ?? []).enumerated() {
            add(item, at: "input[\(index)]", after: &thoughts)
        }
        set("max_tokens", to: body["max_output_tokens"], from: "max_output_tokens")
        set("stop", to: body["stop"], from: "stop")
        set("reasoning_effort", to: body["reasoning"]?["effort"], from: "reasoning.effort")
        set("tools", to: body["tools"]?.array.map(Self.tools), from: "tools")
        set("tool_choice", to: body["tool_choice"].map(Self.toolChoice), from: "tool_choice")
        setFormat(body["text"]?["format"])
    }

    /// - Parameter thoughts: of the assistant, which belong to what it says or calls next.
    private mutating func add(_ item: JSONValue, at place: String, after thoughts: inout String?) {
        switch item["type"]?.string ?? "message" {
        case "reasoning":
            thoughts = [item["content"], item["summary"]].compactMap { $0?.joinedText(of: "text") }.first {
                !$0.isEmpty
            }
            return
        case "function_call":
            let call = JSONValue.toolCall(id: item["call_id"], name: item["name"], arguments: item["arguments"])
            if thoughts == nil, turns.last?.role == "assistant" {
                turns[turns.count - 1].calls.append(call)
            } else {
                turns.append(Turn(role: "assistant", thoughts: thoughts, calls: [call], place: place))
            }
        case "function_call_output":
            turns.append(
                Turn(
                    role: "tool", content: item["output"]?.joinedText(of: "text"), callID: item["call_id"]?.string,
                    place: place))
        default:
            let role = item["role"]?.string ?? "user"
            turns.append(
                Turn(
                    role: role, content: item["content"]?.joinedText(of: "text"),
                    thoughts: role == "assistant" ? thoughts : nil, place: place))
        }
        thoughts = nil
    }

    private static func tools(_ tools: [JSONValue]) -> JSONValue {
        .array(tools.map { .tool($0, parameters: $0["parameters"]) })
    }

    private static func toolChoice(_ choice: JSONValue) -> JSONValue {
        choice["name"].map { ["type": "function", "function": ["name": $0]] } ?? choice
    }

    private mutating func setFormat(_ format: JSONValue?) {
        guard let format, let type = format["type"], type != "text" else { return }
        let schema = format["schema"].map { [JSONValue.Member("json_schema", ["schema": $0])] } ?? []
        set("response_format", to: .object([.init("type", type)] + schema), from: "text.format")
        call("response_format.json_schema.schema", "text.format.schema")
    }
}
