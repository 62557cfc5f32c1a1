/// HotpotQA's array: `question`, `answer`, and in the full files `_id` and `context` [[title, [sentence]]]. With
/// paragraphs a question is asked open-book with all of them in file order; without, closed-book.
enum HotpotQAReader {
    static func items(inFile path: String) throws(EvaluationError) -> [EvaluationItem] {
        try ItemFile.array(in: path) { (field, number) throws(EvaluationError) in
            let id = try field["_id"].optional?.identifier() ?? String(number)
            let question = try field["question"].string()
            let answers = [try field["answer"].string()]
            guard let context = field["context"].optional else {
                return [
                    QuestionPrompt.closedBook(id: id, setting: "closed-book", question: question, answers: answers)
                ]
            }
            let passages = try context.array().map { (paragraph) throws(EvaluationError) in
                let parts = try paragraph.array()
                guard parts.count == 2 else { throw paragraph.unexpected("[title, [sentence]]") }
                // Sentences carry their own leading space.
                return QuestionPrompt.Passage(
                    title: try parts[0].string(), text: try parts[1].strings().joined())
            }
            return [
                QuestionPrompt.openBook(
                    id: id, setting: "open-book", question: question, passages: passages, answers: answers)
            ]
        }
    }
}
