/// NQ-Swap lines: a question with the passage that answers it and the same with another answer put in. Each line gives
/// an item in the setting `original` and one in the setting `swapped`.
enum NQSwapReader {
    static func items(inFile path: String) throws(EvaluationError) -> [EvaluationItem] {
        try ItemFile.objects(of: path) { (line, number) throws(EvaluationError) in
            try [("original", "org"), ("swapped", "sub")].map { (setting, prefix) throws(EvaluationError) in
                let passage = QuestionPrompt.Passage(title: nil, text: try line["\(prefix)_context"].string())
                return try QuestionPrompt.openBook(
                    id: String(number), setting: setting, question: try line["question"].string(),
                    passages: [passage], answers: try line["\(prefix)_answer"].strings())
            }
        }
    }
}
