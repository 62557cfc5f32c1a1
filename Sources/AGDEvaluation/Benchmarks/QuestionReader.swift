import AttributionGuidedDecoding

/// Questions with short answers, in the layouts in which NQ, TriviaQA and HotpotQA are handed out: the official files,
/// HuggingFace's data sets, whose lists of records are columns, and FlashRAG's lines.
///
/// | | official | HuggingFace | FlashRAG |
/// |---|---|---|---|
/// | id | `_id`, `QuestionId`, none | `id`, `question_id` | `id` |
/// | question | `question`, `Question` | `question` | `question` |
/// | answers | `answer`, `answers`, `Answer.Aliases` | `answers.text`, `answer.aliases` | `golden_answers` |
/// | passages | `ctxs`, `context` [[title, [sentence]]] | `context` {title, sentences} or a text | `metadata.context` |
///
/// With passages a question is asked open-book with all of them in file order; without, closed-book.
struct QuestionReader {
    /// Whether passages in the file are shown. TriviaQA's evidence is not part of its questions.
    var readsPassages = true
    /// Whether questions may carry the quotes of a CSV field.
    var removesQuotes = false

    func items(inFile path: String) throws(EvaluationError) -> [EvaluationItem] {
        try ItemFile.objects(of: path, item)
    }

    private func item(_ field: JSONField, number: Int) throws(EvaluationError) -> [EvaluationItem] {
        let id = try field.first("_id", "id", "question_id", "QuestionId")?.identifier() ?? String(number)
        let question = try (field.first("Question") ?? field["question"]).string()
        let answers = try answers(in: field)
        let wording = removesQuotes ? Self.unquoted(question) : question
        guard let passages = try passages(in: field), !passages.isEmpty else {
            return [QuestionPrompt.closedBook(id: id, setting: "closed-book", question: wording, answers: answers)]
        }
        return [
            try QuestionPrompt.openBook(
                id: id, setting: "open-book", question: wording, passages: passages, answers: answers)
        ]
    }

    /// A text, a list of them, or an object that holds the list (`text`, `aliases`) or the one (`value`).
    private func answers(in line: JSONField) throws(EvaluationError) -> [String] {
        let field = line.first("golden_answers", "answers", "Answer") ?? line["answer"]
        let list =
            if case .object = field.value {
                field.first("text", "aliases", "Aliases", "value", "Value") ?? field["text"]
            } else {
                field
            }
        var answers = if case .string(let answer) = list.value { [answer] } else { try list.strings() }
        if answers.isEmpty, let answer = field.first("value", "Value") { answers = [try answer.string()] }
        guard !answers.isEmpty else {
            throw EvaluationError(field: list.path, problem: "holds no answer", remedy: "give at least one")
        }
        return answers
    }

    private func passages(in line: JSONField) throws(EvaluationError) -> [QuestionPrompt.Passage]? {
        guard readsPassages else { return nil }
        if let contexts = line["ctxs"].optional {
            return try contexts.array().map { (context) throws(EvaluationError) in
                QuestionPrompt.Passage(title: try context["title"].string(), text: try context["text"].string())
            }
        }
        guard let context = line["context"].optional ?? line["metadata"]["context"].optional else { return nil }
        switch context.value {
        case .string(let text): return [QuestionPrompt.Passage(title: nil, text: text)]
        case .object: return try columns(context)
        default:
            return try context.array().map { (paragraph) throws(EvaluationError) in
                let parts = try paragraph.array()
                guard parts.count == 2 else { throw paragraph.unexpected("[title, [sentence]]") }
                return try passage(parts[0], parts[1])
            }
        }
    }

    /// `title` [title] beside `sentences` (or `content`) [[sentence]].
    private func columns(_ context: JSONField) throws(EvaluationError) -> [QuestionPrompt.Passage] {
        let titles = try context["title"].array()
        let texts = try (context.first("content") ?? context["sentences"]).array()
        guard titles.count == texts.count else {
            throw EvaluationError(
                field: context.path, problem: "holds \(titles.count) titles for \(texts.count) paragraphs",
                remedy: "give one title a paragraph")
        }
        return try zip(titles, texts).map { (title, text) throws(EvaluationError) in try passage(title, text) }
    }

    /// - Parameter text: sentences, which carry their own leading space, or the whole.
    private func passage(_ title: JSONField, _ text: JSONField) throws(EvaluationError) -> QuestionPrompt.Passage {
        let whole = if case .string(let whole) = text.value { whole } else { try text.strings().joined() }
        return QuestionPrompt.Passage(title: try title.string(), text: whole)
    }

    /// Some of FlashRAG's questions still carry the quotes of a CSV field: `"Who said ""x""?"` was `Who said "x"?`.
    static func unquoted(_ question: String) -> String {
        let text = PythonText(question)
        guard text.count > 2, text.first == "\"", text.last == "\"" else { return question }
        let inner = PythonText(text.dropFirst().dropLast())
        let rest = inner.replacing("\"\"", with: "")
        guard rest.count < inner.count, !rest.contains("\"") else { return question }
        return inner.replacing("\"\"", with: "\"").description
    }
}

extension JSONField {
    /// The first of these members that is there.
    fileprivate func first(_ keys: String...) -> JSONField? { keys.lazy.compactMap { self[$0].optional }.first }
}
