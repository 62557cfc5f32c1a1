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
            let region: RegionName = messages[0].role == .system ? .system : .message(messages.count - 1)
            return [
                EvaluationItem(
                    id: try field["id"].identifier(), setting: setting, messages: messages,
                    tools: field["tool"]["definition"].value.map { [$0] } ?? [], region: [region.description],
                    scoring: try scoring(of: task, field["answer"]))
            ]
        }
    }

    /// The system message if there is one, the earlier turns, the instruction, a tool's call and result.
    private static func messages(in field: JSONField) throws(EvaluationError) -> [Message] {
        var messages: [Message] = []
        if let system = field["system"].optional { messages.append(Message(.system, try system.string())) }
        if let history = field["conversation_history"].optional {
            for (index, text) in try history.strings().enumerated() {
                messages.append(Message(index.isMultiple(of: 2) ? .user : .assistant, text))
            }
        }
        messages.append(Message(.user, try field["instruction"].string()))
        if let tool = field["tool"].optional {
            _ = try tool["call"]["name"].string()
            messages.append(Message(.assistant, "", toolCall: tool["call"].value))
            messages.append(Message(.tool, try tool["return"]["content"].string()))
        }
        return messages
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
