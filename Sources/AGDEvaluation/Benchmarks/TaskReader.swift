import AttributionGuidedDecoding

/// One's own examples, one a line: `messages` [{`role`, `content`}], the region that replies are to draw on as `region`
/// [specification] (the system messages, where it is left out), and how a reply is judged: `checks` [{`kind`, `values`}], `answers`
/// [text], or IFEval's `instruction_id_list` with `kwargs`. `id`, `setting` and `opposite_region` may be there.
enum TaskReader {
    static func items(inFile path: String) throws(EvaluationError) -> [EvaluationItem] {
        try ItemFile.objects(of: path) { (line, number) throws(EvaluationError) in
            let messages = try messages(in: line["messages"])
            return [
                EvaluationItem(
                    id: try line["id"].optional?.identifier() ?? String(number),
                    setting: try line["setting"].optional?.string() ?? "task", messages: messages,
                    region: try region(in: line, messages),
                    oppositeRegion: try line["opposite_region"].optional.map { (field) throws(EvaluationError) in
                        try RegionSpecification.regions(in: field)
                    } ?? [],
                    scoring: try scoring(of: line))
            ]
        }
    }

    private static func messages(in field: JSONField) throws(EvaluationError) -> [ChatMessage] {
        let elements = try field.array()
        guard !elements.isEmpty else {
            throw EvaluationError(field: field.path, problem: "is empty", remedy: "give at least one message")
        }
        return try elements.map { (element) throws(EvaluationError) in
            do throws(ChatMessageError) { return try ChatMessage(element.value ?? .null) } catch {
                throw EvaluationError(
                    field: element.path, problem: "\(error)", remedy: "write {\"role\": \"user\", \"content\": \"…\"}")
            }
        }
    }

    private static func region(
        in line: JSONField, _ messages: [ChatMessage]
    ) throws(EvaluationError) -> [RegionSpecification] {
        if let field = line["region"].optional { return try RegionSpecification.regions(in: field) }
        guard messages.contains(where: { $0.role == "system" }) else {
            throw EvaluationError(
                field: "region", problem: "is missing, and there is no system message",
                remedy: "name what replies are to draw on, such as [\"text:Paris is\"]")
        }
        return [try .region(.messages(.all(role: "system")))]
    }

    private static func scoring(of line: JSONField) throws(EvaluationError) -> Scoring {
        if let checks = line["checks"].optional {
            return .checks(try checks.array().map { (check) throws(EvaluationError) in try ReplyCheck(check) })
        }
        if let answers = line["answers"].optional { return .answers(try answers.strings()) }
        if line["instruction_id_list"].optional != nil { return .instructions(try IFEvalReader.instructions(in: line)) }
        throw EvaluationError(
            problem: "has none of checks, answers and instruction_id_list, so that no reply can be judged",
            remedy: "say what a good reply has, such as \"checks\": [{\"kind\": \"includes\", \"values\": [\"oui\"]}]")
    }
}
