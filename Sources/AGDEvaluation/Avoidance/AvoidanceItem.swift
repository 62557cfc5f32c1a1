import AttributionGuidedDecoding

/// A question to which a model likes to answer with a word, and the word, which is forbidden.
public struct AvoidanceItem: Sendable {
    /// As the file has it, or its line.
    public var id: String
    /// What is asked.
    public var question: String
    /// The word that is forbidden.
    public var word: String

    /// The items of a file, an object a line: `question`, `word`, and `id` where wanted.
    /// - Throws: ``EvaluationError`` naming file, line and field.
    public static func read(path: String) throws(EvaluationError) -> [AvoidanceItem] {
        let items = try ItemFile.objects(of: path) { (line, number) throws(EvaluationError) in
            [
                AvoidanceItem(
                    id: try line["id"].optional?.identifier() ?? String(number),
                    question: try line["question"].string(), word: try line["word"].string())
            ]
        }
        guard !items.isEmpty else {
            throw EvaluationError(
                file: path, problem: "holds no item", remedy: "write {\"question\": \"…\", \"word\": \"…\"} a line")
        }
        return items
    }

    /// The question, with the word forbidden or not.
    func messages(isForbidden: Bool) -> [ChatMessage] {
        (isForbidden ? [.system("Never use the word \"\(word)\".")] : []) + [.user(question)]
    }
}
