import AttributionGuidedDecoding

/// SysBench's array of dialogues: `system_id`, `messages`, `rounds_related`, `prompt_infos`.
///
/// The model sees the system message and the first user turn; its own reply and the next turn follow. The region is the
/// system message in every turn.
enum SysBenchReader {
    private static let types = [
        "动作约束": "action", "内容约束": "content", "背景约束": "background",
        "角色约束": "role", "格式约束": "format", "风格约束": "style",
    ]

    static func items(inFile path: String) throws(EvaluationError) -> [EvaluationItem] {
        try ItemFile.array(in: path) { (field, _) throws(EvaluationError) in
            let users = try userTurns(in: field["messages"])
            let infos = field["prompt_infos"]
            let turns = try users.map { (user) throws(EvaluationError) in try judgedTurn(infos[user]) }
            return [
                EvaluationItem(
                    id: try field["system_id"].identifier(),
                    setting: try field["rounds_related"].bool() ? "dependent" : "parallel",
                    messages: [.system(try field["system_prompt"].string()), .user(users[0])],
                    followUps: Array(users.dropFirst()), region: [try .region(.messages(.all(role: "system")))],
                    scoring: .judged(turns))
            ]
        }
    }

    private static func userTurns(in messages: JSONField) throws(EvaluationError) -> [String] {
        var users: [String] = []
        for message in try messages.array() where try message["role"].string() == "user" {
            users.append(try message["content"].string())
        }
        guard users.count == SysBenchDialogue.turnCount else {
            throw EvaluationError(
                field: messages.path, problem: "holds \(users.count) user turns",
                remedy: "give \(SysBenchDialogue.turnCount)")
        }
        return users
    }

    private static func judgedTurn(_ info: JSONField) throws(EvaluationError) -> JudgedTurn {
        guard let alignment = SysBenchAlignment(rawValue: try info["alignment"].string()) else {
            throw info["alignment"].unexpected("\"align\" or \"misalign\"")
        }
        let numbered = try info["criteria"].members().map { (number, criterion) throws(EvaluationError) in
            let type = try criterion["criteria_type"].string()
            guard let name = types[type] else {
                throw criterion["criteria_type"].unexpected("one of " + types.keys.sorted().joined(separator: ", "))
            }
            let text = try criterion["criteria_content"].string()
            return (Int(number) ?? Int.max, JudgedTurn.Criterion(text: text, type: name))
        }
        return JudgedTurn(
            isAligned: alignment == .align, criteria: numbered.sorted { $0.0 < $1.0 }.map { $0.1 })
    }
}
