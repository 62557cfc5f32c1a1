import ArgumentParser
import AttributionGuidedDecoding
import Foundation

/// What the chat template is told beside the messages.
struct ChatTemplateOptions: ParsableArguments {
    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("The beginning of the assistant's answer, which goes on from there.", valueName: "text"))
    var prefill: String?

    @Option(
        help: ArgumentHelp(
            "A JSON file with definitions of tools: [{\"type\": \"function\", …}, …].", valueName: "file"),
        completion: .file())
    var tools: String?

    @Option(
        name: .customLong("document"), parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "A text file for the answer to draw on; may be repeated. It stands where the chat template puts documents, or else before the user's last message.",
            valueName: "file"), completion: .file())
    var documentFiles: [String] = []

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "What may not tell the model what to do: tools (messages of the role tool) or documents; may be repeated. In --messages each can say so itself, with \"agd_trust\": \"untrusted\". See --roi untrusted=-1, --sources, --untrusted-limit.",
            valueName: "what"))
    var untrusted: [Untrusted] = []

    enum Untrusted: String, ExpressibleByArgument, CaseIterable { case tools, documents }

    @Option(
        name: .customLong("template-option"), parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "A variable of the chat template, such as enable_thinking=false; may be repeated.", valueName: "key=json"))
    var variables: [String] = []

    @Option(
        help: ArgumentHelp("A chat template in Jinja, in place of the model's own.", valueName: "file"),
        completion: .file())
    var chatTemplateFile: String?

    @Option(
        help: ArgumentHelp(
            "The date that the chat template tells the model; by default today.", valueName: "yyyy-mm-dd"))
    var templateDate: String?

    func validate() throws { _ = try (parsedVariables(), parsedDate()) }

    /// Options that only a conversation can follow, by name.
    var given: [String] {
        [
            ("--prefill", prefill != nil), ("--tools", tools != nil), ("--document", !documentFiles.isEmpty),
            ("--untrusted", !untrusted.isEmpty),
            ("--template-option", !variables.isEmpty),
            ("--chat-template-file", chatTemplateFile != nil), ("--template-date", templateDate != nil),
        ].filter(\.1).map(\.0)
    }

    /// The prompt of a conversation.
    func prompt(_ conversation: Conversation, for model: LanguageModel) throws -> Prompt {
        let template = try chatTemplateFile.map { path in
            do { return try model.chatTemplate(source: PromptOptions.text(ofFile: path)) } catch let error
                as PromptError
            {
                throw ValidationError("\(path): \(error)")
            }
        }
        let named = try tools.map { try Conversation.tools(inFile: $0) }
        let messages =
            untrusted.contains(.tools) ? conversation.messages.distrustingTools() : conversation.messages
        let documents = try self.documents()
        return try model.prompt(
            messages + (prefill.map { [.assistant($0)] } ?? []), template: template,
            options: TemplateOptions(
                tools: named ?? conversation.tools,
                documents: untrusted.contains(.documents) ? documents.distrusted() : documents,
                continuesFinalMessage: prefill != nil,
                variables: try parsedVariables(), date: try parsedDate()))
    }

    func documents() throws -> [ChatDocument] {
        try documentFiles.map { path in
            let text = try PromptOptions.text(ofFile: path)
            guard !text.allSatisfy(\.isWhitespace) else {
                throw ValidationError("--document \(path): the file is empty.")
            }
            return ChatDocument(title: path.split(separator: "/").last.map(String.init) ?? path, text: text)
        }
    }

    private func parsedVariables() throws -> [JSONValue.Member] {
        try variables.map { option in
            guard let equals = option.unicodeScalars.firstIndex(of: "="), equals > option.startIndex else {
                throw ValidationError("--template-option: '\(option)' is not KEY=JSON, such as enable_thinking=false.")
            }
            let value = option[option.unicodeScalars.index(after: equals)...]
            do throws(JSONError) {
                return JSONValue.Member(String(option[..<equals]), try JSONValue(parsing: String(value)))
            } catch {
                throw ValidationError(
                    "--template-option: the value of '\(option[..<equals])' is \(error). Write text in double quotes: '\(option[..<equals])=\"…\"'."
                )
            }
        }
    }

    private func parsedDate() throws -> TemplateDate {
        guard let templateDate else { return .now }
        guard let date = TemplateDate(templateDate) else {
            throw ValidationError("--template-date: '\(templateDate)' is no day. Give it as 2025-07-26.")
        }
        return date
    }
}

/// Messages, and the tools that may be called.
struct Conversation {
    var messages: [ChatMessage]
    var tools: [JSONValue]

    init(messages: [ChatMessage], tools: [JSONValue] = []) {
        self.messages = messages
        self.tools = tools
    }

    /// Reads `[{"role": …, "content": …}, …]` or `{"messages": […], "tools": […]}`.
    init(file path: String) throws {
        let json = try Self.json(inFile: path)
        guard let list = (json["messages"] ?? json).array else {
            throw ValidationError("\(path): the list of messages is missing. \(Self.expected)")
        }
        guard !list.isEmpty else { throw ValidationError("\(path): there are no messages. \(Self.expected)") }
        messages = try list.enumerated().map { index, message in
            do throws(ChatMessageError) { return try ChatMessage(message) } catch {
                throw ValidationError("\(path): [\(index)]: \(error). \(Self.expected)")
            }
        }
        tools = try json["tools"].map { try Self.list($0, of: path) } ?? []
    }

    static func tools(inFile path: String) throws -> [JSONValue] { try list(json(inFile: path), of: path) }

    private static func list(_ json: JSONValue, of path: String) throws -> [JSONValue] {
        guard let tools = json.array, tools.allSatisfy({ $0.members != nil }) else {
            throw ValidationError(
                "\(path): the tools are no list of objects. Expected [{\"type\": \"function\", \"function\": {\"name\": …}}, …]."
            )
        }
        return tools
    }

    private static func json(inFile path: String) throws -> JSONValue {
        let text = try PromptOptions.text(ofFile: path)
        do throws(JSONError) {
            return try JSONValue(parsing: text)
        } catch {
            throw ValidationError("\(path): \(error). \(expected)")
        }
    }

    private static let expected = "Expected [{\"role\": \"user\", \"content\": \"…\"}, …]."
}
