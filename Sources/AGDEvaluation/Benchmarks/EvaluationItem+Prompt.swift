import AttributionGuidedDecoding

extension EvaluationItem {
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
