/// TriviaQA: the official file (`Data[].Question`, `QuestionId`, `Answer.Aliases`) or FlashRAG's lines (`id`,
/// `question`, `golden_answers`). The evidence documents are separate files, so questions are asked closed-book.
enum TriviaQAReader {
    static func items(inFile path: String) throws(EvaluationError) -> [EvaluationItem] {
        try isOfficial(path) ? officialItems(inFile: path) : flashRAGItems(inFile: path)
    }

    /// FlashRAG's lines are whole objects. The official file is one object with `Data`: on one line, or on several, of
    /// which the first ends where something begins.
    private static func isOfficial(_ path: String) throws(EvaluationError) -> Bool {
        let file = try InputFile(path: path)
        var number = 0
        while let line = try file.nextLine() {
            number += 1
            guard let last = line.last(where: { !InputFile.isBlank($0) }) else { continue }
            if "{[,".utf8.contains(last) { return true }
            do throws(EvaluationError) { return try JSONParser.parse(line)["Data"] != nil } catch {
                throw error.located(file: path, line: number)
            }
        }
        return false
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
