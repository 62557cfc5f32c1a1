/// NQ-Open lines: `question` with `answer`, or with `answers` and passages `ctxs` [`title`, `text`]. Items are numbered
/// by line, for the files have no identifiers.
enum NQOpenReader {
    static func items(inFile path: String) throws(EvaluationError) -> [EvaluationItem] {
        try ItemFile.lines(of: path) { (line, number) throws(EvaluationError) in
            let question = try line["question"].string()
            guard let contexts = line["ctxs"].optional else {
                let answers = try (line["answer"].optional ?? line["answers"]).strings()
                return [
                    QuestionPrompt.closedBook(
                        id: String(number), setting: "closed-book", question: question, answers: answers)
                ]
            }
            let passages = try contexts.array().map { (context) throws(EvaluationError) in
                QuestionPrompt.Passage(title: try context["title"].string(), text: try context["text"].string())
            }
            return [
                QuestionPrompt.openBook(
                    id: String(number), setting: "open-book", question: question, passages: passages,
                    answers: try line["answers"].strings())
            ]
        }
    }
}

/// NQ-Swap lines: a question with the passage that answers it and the same with another answer put in. Each line gives
/// an item in the setting `original` and one in the setting `swapped`.
enum NQSwapReader {
    static func items(inFile path: String) throws(EvaluationError) -> [EvaluationItem] {
        try ItemFile.lines(of: path) { (line, number) throws(EvaluationError) in
            try [("original", "org"), ("swapped", "sub")].map { (setting, prefix) throws(EvaluationError) in
                let passage = QuestionPrompt.Passage(title: nil, text: try line["\(prefix)_context"].string())
                return QuestionPrompt.openBook(
                    id: String(number), setting: setting, question: try line["question"].string(),
                    passages: [passage], answers: try line["\(prefix)_answer"].strings())
            }
        }
    }
}
