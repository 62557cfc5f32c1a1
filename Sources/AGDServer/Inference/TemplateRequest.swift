import AttributionGuidedDecoding

/// What a request tells the chat template beside the messages' texts, as OpenAI's API and those of other servers name it.
extension TemplateOptions {
    /// - Throws: ``APIError`` where the final message can't be continued, and for a document that is nowhere.
    init(_ body: JSONValue, messages: [ChatMessage]) throws {
        let continues = body["continue_final_message"]?.bool ?? false
        if continues, messages.last?.role != "assistant" {
            throw APIError.invalid(
                "'continue_final_message' needs a final message of the assistant.", param: "continue_final_message")
        }
        let forbidsTools = body["tool_choice"]?.string == "none"
        let effort = body["reasoning_effort"].map { [JSONValue.Member("reasoning_effort", $0)] } ?? []
        let documents = try (body["documents"]?.array ?? []).enumerated().map { index, document in
            try ChatDocument(document, of: messages, at: "documents[\(index)]")
        }
        self.init(
            tools: forbidsTools ? [] : body["tools"]?.array ?? [],
            documents: body["agd"]?["documents"] == "untrusted" ? documents.distrusted() : documents,
            continuesFinalMessage: continues,
            variables: effort + (body["chat_template_kwargs"]?.members ?? []))
    }
}

extension ChatDocument {
    /// A document of a request, whose fields have been checked: a text that is put in, or characters of a message.
    init(_ document: JSONValue, of messages: [ChatMessage], at path: String) throws(APIError) {
        let (id, title) = (document["id"]?.string, document["title"]?.string)
        let trust = document["agd_trust"]?.string.flatMap(Trust.init)
        switch (document["text"]?.string, document["message"]?.integer, document["characters"]?.array) {
        case (let text?, nil, nil): self.init(id: id, title: title, text: text, trust: trust)
        case (nil, let message?, let characters?):
            let bounds = characters.compactMap(\.integer)
            guard bounds.count == 2, bounds[0] < bounds[1] else {
                throw .invalid(
                    "'\(path).characters' must be [first, end] with first < end.", param: "\(path).characters")
            }
            let place = Place(message: message, characters: bounds[0]..<bounds[1])
            guard let own = ChatDocument(id: id, title: title, at: place, of: messages, trust: trust) else {
                throw .invalid(
                    "'\(path)': there is no message \(message) with so many characters; both are counted from 0.",
                    param: path)
            }
            self = own
        default:
            throw .invalid(
                "'\(path)' must have either a text, or a message with characters of it.", param: "\(path).text")
        }
    }
}

extension ChatMessage {
    /// A message of a request, whose fields have been checked.
    init(_ message: JSONValue, at path: String) throws {
        do throws(ChatMessageError) { try self.init(message) } catch {
            let field = error.field.isEmpty ? path : "\(path).\(error.field)"
            throw APIError.invalid("'\(field)' \(error.problem).", param: field)
        }
    }
}

extension Field {
    /// In a message: what templates know beside its role and content.
    static let messageParts = [
        Field("name", .string(0...256), "Who speaks, or which tool; for templates that show it."),
        Field(
            "reasoning_content", .string(0...Limits.promptBytes),
            "What the assistant thought before this answer; for templates that show it."),
        Field(
            "tool_calls", .array(.structure(Limits.toolBytes), count: 0...Limits.tools),
            "Calls of tools: {\"type\": \"function\", \"function\": {\"name\": …, \"arguments\": …}}."),
        Field("tool_call_id", .string(0...256), "Which call a tool's message answers."),
    ]

    static let documents = Field(
        "documents",
        .array(
            .object([
                Field("id", .string(1...256), "By which answers name it; without it its number, from 1."),
                Field("title", .string(0...4096), "What it is called."),
                Field("text", .string(1...Limits.promptBytes), "What it says; or else give message and characters."),
                Field(
                    "message", .integer(0...Limits.messages - 1),
                    "The number, from 0, of a message that says it already, in place of a text."),
                Field(
                    "characters", .array(.integer(0...Limits.promptBytes), count: 2...2),
                    "With message: from which character (Unicode scalar) of its content up to, not including, which."),
                .untrustedMark,
            ]), count: 0...Limits.documents),
        "Texts to draw on. They stand where the chat template puts documents, or else before the user's last message; or they are parts of messages."
    )

    static let templateVariables = Field(
        "chat_template_kwargs", .structure(Limits.toolBytes),
        "Variables of the chat template, such as {\"enable_thinking\": false}.")

    static let reasoningEffort = FieldType.choice(["none", "minimal", "low", "medium", "high"])

    /// Of a conversation.
    static let template = [
        documents,
        Field(
            "tools", .array(.structure(Limits.toolBytes), count: 0...Limits.tools),
            "Definitions of tools, which the chat template shows the model. Calls come back as tool_calls where the template writes their arguments as JSON, else as text."
        ),
        Field(
            "tool_choice",
            .either([
                .choice(["none", "auto", "required"]),
                .object([
                    Field("type", .choice(["function"]), "Tools are functions.", required: true),
                    Field(
                        "function", .object([Field("name", .string(1...256), "The tool's name.", required: true)]),
                        "The tool.", required: true),
                ]),
            ]),
            "none keeps the tools from the model; required, or a tool by its name, keeps the answer to a call, from its first token on.",
            default: "auto"), templateVariables,
        Field(
            "reasoning_effort", reasoningEffort, "A variable of the chat template; others have no use for it."),
        Field(
            "continue_final_message", .boolean, "Goes on where the final message, the assistant's, ends.",
            default: false),
    ]
}
