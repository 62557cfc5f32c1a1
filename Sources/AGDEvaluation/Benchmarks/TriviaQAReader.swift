/// TriviaQA: the official file (`Data[].Question`, `QuestionId`, `Answer.Aliases`) or FlashRAG's lines (`id`,
/// `question`, `golden_answers`). The evidence documents are separate files, so questions are asked closed-book.
enum TriviaQAReader {
    static func items(inFile path: String) throws(EvaluationError) -> [EvaluationItem] {
        try isOfficial(path) ? officialItems(inFile: path) : flashRAGItems(inFile: path)
    }

    /// FlashRAG's first line is a whole object; the official file's rarely is, and then it has `Data`.
    private static func isOfficial(_ path: String) throws(EvaluationError) -> Bool {
        let file = try InputFile(path: path)
        guard let line = try file.nextLine() else { return false }
        guard let value = try? JSONParser.parse(line) else { return true }
        return value["Data"] != nil
    }

    private static func officialItems(inFile path: String) throws(EvaluationError) -> [EvaluationItem] {
        try ItemFile.array(in: path, at: "Data") { (field, _) throws(EvaluationError) in
            [
                QuestionPrompt.closedBook(
                    id: try field["QuestionId"].identifier(), setting: "closed-book",
                    question: try field["Question"].string(), answers: try field["Answer"]["Aliases"].strings())
            ]
        }
    }

    private static func flashRAGItems(inFile path: String) throws(EvaluationError) -> [EvaluationItem] {
        try ItemFile.lines(of: path) { (line, _) throws(EvaluationError) in
            [
                QuestionPrompt.closedBook(
                    id: try line["id"].identifier(), setting: "closed-book",
                    question: unquoted(try line["question"].string()), answers: try line["golden_answers"].strings())
            ]
        }
    }

    /// Some questions still carry the quotes of a CSV field: `"Who said ""x""?"` was `Who said "x"?`.
    static func unquoted(_ question: String) -> String {
        let text = PythonText(question)
        guard text.count > 2, text.first == "\"", text.last == "\"" else { return question }
        let inner = PythonText(text.dropFirst().dropLast())
        let rest = inner.replacing("\"\"", with: "")
        guard rest.count < inner.count, !rest.contains("\"") else { return question }
        return inner.replacing("\"\"", with: "\"").description
    }
}
