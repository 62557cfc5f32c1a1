/// Microcosm lines: `id`, `setting`, `messages` [{`role`, `content`}], `region` [specification], `opposite_region`,
/// `checks` [{`kind`, `values`}].
enum MicrocosmReader {
    static func items(inFile path: String) throws(EvaluationError) -> [EvaluationItem] {
        try ItemFile.lines(of: path) { (line, _) throws(EvaluationError) in
            let messages = try nonEmpty(line["messages"]).map { (message) throws(EvaluationError) in
                guard let role = Message.Role(rawValue: try message["role"].string()) else {
                    throw message["role"].unexpected(
                        "one of " + Message.Role.allCases.map(\.rawValue).joined(separator: ", "))
                }
                return Message(role, try message["content"].string())
            }
            return [
                EvaluationItem(
                    id: try line["id"].identifier(), setting: try line["setting"].string(), messages: messages,
                    region: try line["region"].strings(),
                    oppositeRegion: try line["opposite_region"].optional?.strings() ?? [],
                    scoring: .checks(
                        try nonEmpty(line["checks"]).map { (check) throws(EvaluationError) in try ReplyCheck(check) }))
            ]
        }
    }

    private static func nonEmpty(_ field: JSONField) throws(EvaluationError) -> [JSONField] {
        let elements = try field.array()
        guard !elements.isEmpty else {
            throw EvaluationError(field: field.path, problem: "is empty", remedy: "give at least one element")
        }
        return elements
    }
}
