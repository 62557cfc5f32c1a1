extension ChatTemplate {
    /// What a template does with a conversation, found by giving it some.
    public struct Summary: Sendable, Encodable {
        /// Why the template can't be used, not even for a lone user's message.
        public let problem: String?
        /// What it says of its own accord where there is no system message.
        public let ownText: String
        /// Whether it has a place for a system message, for tools, and for an answer's thoughts.
        public let takesSystemMessage, takesTools: Bool
        /// What stands around the thoughts of a reply, where the template shows it.
        public let thoughts: [String]

        /// nil where the vocabulary has no template.
        init?(_ tokenizer: Tokenizer) {
            guard let source = tokenizer.chatTemplateSource else { return nil }
            let marks = ReasoningMarks(templateSource: source)
            thoughts = source.contains(marks.closing) ? [marks.opening, marks.closing] : []
            do {
                let template = try ChatTemplate(
                    source: source, beginning: tokenizer.beginningText, end: tokenizer.endText)
                let toolTemplate = try tokenizer.toolTemplateSource.map {
                    try ChatTemplate(source: $0, beginning: tokenizer.beginningText, end: tokenizer.endText)
                }
                ownText = try Prompt([.user("x")], template: template, tokenizer: tokenizer).templateTexts
                    .joined(separator: "\n")
                takesSystemMessage = template.places("/messages/0", [.system("x"), .user("x")])
                takesTools = (toolTemplate ?? template).places("/tools", [.user("x")], tools: [Self.tool])
                problem = nil
            } catch {
                problem = "\(error)"
                ownText = ""
                (takesSystemMessage, takesTools) = (false, false)
            }
        }

        private static let tool = JSONValue.object([
            .init("type", "function"),
            .init(
                "function",
                .object([
                    .init("name", "x"), .init("description", "x"),
                    .init("parameters", .object([.init("type", "object"), .init("properties", .object([]))])),
                ])),
        ])
    }

    /// Whether text from a place in the variables is in the rendered conversation.
    private func places(_ source: String, _ messages: [ChatMessage], tools: [JSONValue] = []) -> Bool {
        do { return try !render(messages, TemplateOptions(tools: tools)).spans(of: source).isEmpty } catch {
            return false
        }
    }
}
