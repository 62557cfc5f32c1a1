import AttributionGuidedDecoding

/// A question with paragraphs, of which some are known to hold what the answer needs: HotpotQA's distractor setting, with ten
/// paragraphs, two of them gold.
public struct CitationItem: Sendable {
    /// As the file has it.
    public var id: String
    /// What is asked.
    public var question: String
    /// The answer.
    public var answer: String
    /// The paragraphs, in file order.
    public var documents: [ChatDocument]
    /// Which of them are gold.
    public var gold: Set<Int>

    /// The items of a file in HotpotQA's official layout, packed or not: `_id`, `question`, `answer`, `supporting_facts`
    /// `[[title, sentence]]`, `context` `[[title, [sentence]]]`. Items without gold paragraphs are left out.
    /// - Throws: ``EvaluationError`` naming file and field.
    public static func read(path: String) throws(EvaluationError) -> [CitationItem] {
        let items = try ItemFile.objects(of: path, item)
        guard !items.isEmpty else {
            throw EvaluationError(
                file: path, problem: "has no item with paragraphs and supporting facts",
                remedy: "give HotpotQA's distractor file, in its official layout")
        }
        return items
    }

    private static func item(_ field: JSONField, number: Int) throws(EvaluationError) -> [CitationItem] {
        let titles = try field["supporting_facts"].array().map { (fact) throws(EvaluationError) in
            try pair(fact, "[title, sentence]").0.string()
        }
        let documents = try field["context"].array().map { (paragraph) throws(EvaluationError) in
            let (title, sentences) = try pair(paragraph, "[title, [sentence]]")
            return ChatDocument(title: try title.string(), text: try sentences.strings().joined())
        }
        let gold = Set(documents.indices.filter { titles.contains(documents[$0].title ?? "") })
        guard !gold.isEmpty else { return [] }
        return [
            CitationItem(
                id: try field["_id"].optional?.identifier() ?? String(number), question: try field["question"].string(),
                answer: try field["answer"].string(), documents: documents, gold: gold)
        ]
    }

    private static func pair(_ field: JSONField, _ expected: String) throws(EvaluationError) -> (JSONField, JSONField) {
        let parts = try field.array()
        guard parts.count == 2 else { throw field.unexpected(expected) }
        return (parts[0], parts[1])
    }

    /// The question alone; the documents go where the template puts them.
    var messages: [ChatMessage] {
        [.user("Answer the question in one short sentence, using the documents.\n\nQuestion: \(question)")]
    }
}
