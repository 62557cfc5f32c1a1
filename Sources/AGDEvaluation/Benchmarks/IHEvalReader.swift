import AttributionGuidedDecoding

/// IHEval's `input_data.json` files: arrays of objects whose task the folder names.
///
/// The region is the system message; the reference settings have none, and there it is the user's.
enum IHEvalReader {
    private enum Task: String, CaseIterable {
        case ruleFollowing = "rule-following"
        case slackUser = "slack-user"
        case translation
        case languageDetection = "lang-detect"
        case verbExtraction = "verb-extract"
    }

    static func items(inFile path: String) throws(EvaluationError) -> [EvaluationItem] {
        let folders = path.split(separator: "/").map(String.init)
        guard let task = Task.allCases.first(where: { folders.contains($0.rawValue) }),
            let start = folders.lastIndex(of: task.rawValue)
        else {
            throw EvaluationError(
                file: path, problem: "lies in no folder of an IHEval task",
                remedy: "keep IHEval's folders; known are " + Task.allCases.map(\.rawValue).joined(separator: ", "))
        }
        let setting = folders[start...].dropLast().joined(separator: "/")
        return try ItemFile.array(in: path) { (field, _) throws(EvaluationError) in
            let messages = try messages(in: field)
            let rules: RegionSpecification.Messages =
                messages[0].role == "system" ? .all(role: "system") : .number(messages.count - 1)
            return [
                EvaluationItem(
                    id: try field["id"].identifier(), setting: setting, messages: messages,
                    tools: try definitions(in: field), region: [try .region(.messages(rules))],
                    scoring: try scoring(of: task, field["answer"]))
            ]
        }
    }

    /// The system message if there is one, the earlier turns, the instruction, a tool's call and result.
    private static func messages(in field: JSONField) throws(EvaluationError) -> [ChatMessage] {
        var messages: [ChatMessage] = []
        if let system = field["system"].optional { messages.append(.system(try system.string())) }
        if let history = field["conversation_history"].optional {
            for (index, text) in try history.strings().enumerated() {
                messages.append(index.isMultiple(of: 2) ? .user(text) : .assistant(text))
            }
        }
        messages.append(.user(try field["instruction"].string()))
        if let tool = field["tool"].optional {
            let call = try call(tool["call"])
            messages.append(ChatMessage(role: "assistant", content: "", toolCalls: [call]))
            messages.append(
                ChatMessage(
                    role: "tool", content: try tool["return"]["content"].string(), toolCallID: call.id, name: call.name)
            )
        }
        return messages
    }

    private static func call(_ field: JSONField) throws(EvaluationError) -> ChatMessage.ToolCall {
        ChatMessage.ToolCall(
            id: try field["id"].optional?.identifier(), name: try field["name"].string(),
            arguments: field["arguments"].optional?.value ?? .object([]))
    }

    /// IHEval lists parameters by name; templates read them as the properties of a JSON schema.
    private static func definitions(in item: JSONField) throws(EvaluationError) -> [JSONValue] {
        guard let field = item["tool"]["definition"].optional else { return [] }
        _ = try field["name"].string()
        let members = try field.members().map { (key, field) throws(EvaluationError) in
            guard key == "parameters", !field.isMissing, field["properties"].isMissing else {
                return JSONValue.Member(key, field.value ?? .null)
            }
            let properties = try field.members().map { JSONValue.Member($0.key, $0.field.value ?? .null) }
            return JSONValue.Member(key, .object([.init("type", "object"), .init("properties", .object(properties))]))
        }
        return [.object([.init("type", "function"), .init("function", .object(members))])]
    }

    private static func scoring(of task: Task, _ answer: JSONField) throws(EvaluationError) -> Scoring {
        switch task {
        case .ruleFollowing: .instructions(try IFEvalReader.instructions(in: answer))
        case .slackUser: .singleWord(try answer.string())
        case .translation: .translation(try answer.string())
        case .verbExtraction: .verbs(try answer.string())
        case .languageDetection:
            if case .array = answer.value { .language(try answer.strings()) } else { .language([try answer.string()]) }
        }
    }
}
