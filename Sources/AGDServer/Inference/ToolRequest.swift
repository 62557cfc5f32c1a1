import AttributionGuidedDecoding

/// Which tools a request has called.
struct ToolRequest {
    private let tools: [JSONValue]
    /// Those of which one has to be called; nil where the model may call any or none.
    private let required: [JSONValue]?

    /// - Throws: ``APIError`` for a tool to be called that isn't defined, and for a format that the call couldn't have.
    init(_ body: JSONValue) throws {
        tools = body["tools"]?.array ?? []
        let choice = body["tool_choice"]
        guard choice?["function"] != nil || choice?.string == "required" else {
            required = nil
            return
        }
        if body["response_format"] != nil {
            throw APIError.invalid(
                "'response_format' is what the answer has to be, and 'tool_choice' wants a call; leave one of them out.",
                param: "response_format")
        }
        let name = choice?["function"]?["name"]?.string
        let called = tools.filter { tool in name.map { $0 == (tool["function"] ?? tool)["name"]?.string } ?? true }
        guard !called.isEmpty else {
            throw APIError.invalid("'tool_choice' wants a tool that isn't among 'tools'.", param: "tool_choice")
        }
        required = called
    }

    /// What makes the answer a call; nil where it needn't be one.
    func grammar(_ format: ToolCallFormat?) throws -> Grammar? {
        guard let required else { return nil }
        guard let format else {
            throw APIError.invalid(
                "'tool_choice': the model's chat template doesn't write calls with arguments in JSON, so that none can be asked for; take \"auto\".",
                param: "tool_choice")
        }
        guard required.contains(where: { ($0["function"] ?? $0)["name"]?.string != nil }) else {
            throw APIError.invalid("'tools': the tools have no names.", param: "tools")
        }
        return Grammar(calling: required, format: format)
    }
}
