import AttributionGuidedDecoding

/// Microcosm lines: `id`, `setting`, `messages` [{`role`, `content`}], `region` [specification], `opposite_region`,
/// `checks` [{`kind`, `values`}].
enum MicrocosmReader {
    private static let roles = ["system", "user", "assistant", "tool"]

    static func items(inFile path: String) throws(EvaluationError) -> [EvaluationItem] {
        try ItemFile.objects(of: path) { (line, _) throws(EvaluationError) in
            let messages = try nonEmpty(line["messages"]).map { (message) throws(EvaluationError) in
                let role = try message["role"].string()
                guard roles.contains(role) else {
                    throw message["role"].unexpected("one of " + roles.joined(separator: ", "))
                }
                return ChatMessage(role: role, content: try message["content"].string())
            }
            return [
                EvaluationItem(
                    id: try line["id"].identifier(), setting: try line["setting"].string(), messages: messages,
                    region: try RegionSpecification.regions(in: line["region"]),
                    oppositeRegion: try line["opposite_region"].optional.map { (field) throws(EvaluationError) in
                        try RegionSpecification.regions(in: field)
                    } ?? [],
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
