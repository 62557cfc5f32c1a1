import AttributionGuidedDecoding

extension EvaluationItem {
    /// The conversation as the model's template takes it.
    var chatMessages: [ChatMessage] { messages.map(ChatMessage.init) }

    /// A conversation that the item has begun, by the model's own template, with the item's tools.
    /// - Parameter date: what the template tells the model.
    /// - Throws: ``EvaluationError`` where the template has no place for tools and their calls; `PromptError` and
    ///   `TokenError` for what else can't be rendered.
    func prompt(_ conversation: [ChatMessage], for model: LanguageModel, date: TemplateDate) throws -> Prompt {
        do {
            return try model.prompt(conversation, options: TemplateOptions(tools: tools, date: date))
        } catch PromptError.noPlaceForTools {
            throw EvaluationError(
                field: "tools", problem: "the model's chat template has no place for the item's tools and their calls",
                remedy: "give a model whose template knows tools")
        }
    }
}

extension ChatMessage {
    fileprivate init(_ message: Message) {
        let call = message.toolCall
        self.init(role: message.role.rawValue, content: message.content)
        switch message.role {
        case .assistant: toolCalls = call.map { [$0] } ?? []
        case .tool: (toolCallID, name) = (call?.id, call?.name)
        case .system, .user: break
        }
    }
}
