import AttributionGuidedDecoding

/// The one wording in which questions are asked, with passages and without. Compare decoding methods under one wording.
enum QuestionPrompt {
    struct Passage {
        let title: String?
        let text: String
    }

    /// A question alone. Nothing in the input holds the answer, so there is no region.
    static func closedBook(id: String, setting: String, question: String, answers: [String]) -> EvaluationItem {
        EvaluationItem(
            id: id, setting: setting,
            messages: [.user("Answer the question in a few words.\n\nQuestion: \(question)")],
            region: [], scoring: .answers(answers))
    }

    /// Passages, each with its number and its title, then the question. The region is the passages.
    static func openBook(
        id: String, setting: String, question: String, passages: [Passage], answers: [String]
    ) throws(EvaluationError) -> EvaluationItem {
        let documents = passages.enumerated().map { index, passage in
            "Document \(index + 1)" + (passage.title.map { " (\($0))" } ?? "") + ": \(passage.text)"
        }
        let prompt = """
            Answer the question in a few words, using the documents.

            \(documents.joined(separator: "\n"))

            Question: \(question)
            """
        return EvaluationItem(
            id: id, setting: setting, messages: [.user(prompt)],
            region: try passages.filter { !$0.text.isEmpty }.map { (passage) throws(EvaluationError) in
                try .region(.text(passage.text))
            }, scoring: .answers(answers))
    }
}
