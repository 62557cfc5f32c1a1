import AttributionGuidedDecoding

extension EvaluationItem {
    /// The conversation as the model's template takes it.
    /// - Throws: ``EvaluationError`` for tools, which no template that is known here has a place for.
    func chatMessages() throws(EvaluationError) -> [ChatMessage] {
        guard tools.isEmpty, messages.allSatisfy({ $0.toolCall == nil }) else {
            throw EvaluationError(
                field: "tools", problem: "the item calls a tool, and the model's chat template has no place for it",
                remedy: "give a model whose template knows tools")
        }
        return messages.map { ChatMessage(role: $0.role.rawValue, content: $0.content) }
    }
}
