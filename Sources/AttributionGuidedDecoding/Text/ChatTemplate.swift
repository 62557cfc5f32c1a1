import CChatTemplate

/// A model's own chat template, in Jinja: renders a conversation as the text that the model was trained on, and knows of
/// each byte whether the template wrote it or which message it comes from.
///
/// llama.cpp's engine runs it. Text is the same as `apply_chat_template` of HuggingFace's transformers gives, which is
/// checked for all templates that llama.cpp carries.
public final class ChatTemplate: @unchecked Sendable {  // A program is immutable.
    /// The template's text.
    public let source: String
    private let program: OpaquePointer
    private let specialTokens: JSONValue

    /// A template by its text, as the file has it.
    /// - Parameters:
    ///   - source: the template.
    ///   - beginning: text of the token BOS, which the template may write.
    ///   - end: that of EOS.
    /// - Throws: ``PromptError/template(problem:)`` for text that is no template.
    public init(source: String, beginning: String = "", end: String = "") throws {
        guard source.utf8.count <= Self.longestSource else {
            throw PromptError.template(problem: "it has more than \(Self.longestSource >> 10) KiB")
        }
        self.source = source
        specialTokens = .object([.init("bos_token", .string(beginning)), .init("eos_token", .string(end))])
        var source = source
        // The parser recurses at every bracket, in a dozen functions.
        program = try Self.call(stack: (1 << 20) + 4096 * source.utf8.count) { error in
            source.withUTF8 { bytes in
                bytes.withMemoryRebound(to: CChar.self) { chat_template_parse($0.baseAddress, $0.count, error) }
            }
        }
    }

    deinit { chat_template_free(program) }

    private static let longestSource = 256 << 10

    /// A rendered conversation.
    struct Rendering {
        /// A stretch of text from one place.
        struct Part {
            /// Bytes of ``Rendering/text``.
            var bytes: Range<Int>
            /// JSON pointer to the variable the text comes from, such as `/messages/0/content`; nil for what the
            /// template wrote.
            var source: String?

            /// The message that the text comes from.
            var message: Int? {
                guard let source, source.hasPrefix("/messages/") else { return nil }
                return Int(source.dropFirst("/messages/".count).prefix { $0 != "/" })
            }
        }
        var text: String
        var parts: [Part]
    }

    /// Renders a conversation.
    /// - Throws: ``PromptError`` where the template refuses the conversation, with its reason.
    func render(_ messages: [ChatMessage], _ options: TemplateOptions = TemplateOptions()) throws -> Rendering {
        try check(messages)
        do { return try rendering(messages, options, argumentsAsText: false) } catch {
            // Some templates are written for arguments as JSON in a string.
            guard messages.contains(where: { !$0.toolCalls.isEmpty }),
                let other = try? rendering(messages, options, argumentsAsText: true)
            else { throw error }
            return other
        }
    }

    private func rendering(
        _ messages: [ChatMessage], _ options: TemplateOptions, argumentsAsText: Bool
    ) throws -> Rendering {
        let documents = options.documents.enumerated().map { $1.json(number: $0 + 1) }
        let variables =
            options.variables + [
                .init("messages", .array(messages.map { $0.json(argumentsAsText: argumentsAsText) })),
                .init("tools", options.tools.isEmpty ? .null : .array(options.tools)),
                .init("documents", options.documents.isEmpty ? .null : .array(documents)),
                .init("add_generation_prompt", .bool(options.opensAnswer && !options.continuesFinalMessage)),
            ]
        let rendering = try render(variables: JSONValue.object(variables).text, date: options.date)
        try Self.checkPlaces(of: messages, in: rendering)
        try Self.checkPlaces(of: messages, and: options.tools, in: rendering)
        return options.continuesFinalMessage ? try rendering.ending(withMessage: messages.count - 1) : rendering
    }

    /// Renders with all variables given.
    /// - Parameter variables: a JSON object.
    func render(variables: String, date: TemplateDate) throws -> Rendering {
        var date = [date.year, date.month, date.day, date.hour, date.minute, date.second].map(Int32.init)
        let output = try Self.call(stack: Self.renderingStack) { error in
            chat_template_render(program, variables, specialTokens.text, &date, error)
        }
        defer { chat_template_free_output(output) }
        var bytes: [UInt8] = []
        let parts = (0..<chat_template_part_count(output)).map { index in
            let part = chat_template_part(output, index)
            let start = bytes.count
            bytes += UnsafeRawBufferPointer(start: part.text, count: part.length)
            return Rendering.Part(bytes: start..<bytes.count, source: part.source.map { String(cString: $0) })
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw PromptError.template(problem: "it divides a character, so that its text is not UTF-8")
        }
        return Rendering(text: text, parts: parts)
    }

    /// The engine bounds how deep a template calls itself.
    private static let renderingStack = 16 << 20

    /// Calls into the engine on a stack of its own; what it reports is thrown.
    private static func call(
        stack: Int, _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> OpaquePointer?
    ) throws -> OpaquePointer {
        let outcome = LargeStack.run(byteCount: stack) { () -> Result<OpaquePointer, PromptError> in
            var error: UnsafeMutablePointer<CChar>?
            let result = body(&error)
            defer { chat_template_free_text(error) }
            guard let result else {
                return .failure(.template(problem: reason(error.map { String(cString: $0) } ?? "")))
            }
            return .success(result)
        }
        guard let outcome else { throw PromptError.template(problem: "there is no memory to run it") }
        return try outcome.get()
    }

    /// What went wrong, without the engine's listing of where.
    private static func reason(_ report: String) -> String {
        let marks = ["Error: Jinja Exception: ", "Error: "]
        let reason = marks.lazy.compactMap { mark in report.ranges(of: mark).last.map { report[$0.upperBound...] } }
            .first
        let line = (reason ?? report[...]).split(separator: "\n").first.map(String.init) ?? "it gives no reason"
        return line.prefix(500).trimmingSuffix { $0 == "." }
    }
}

extension ChatTemplate {
    private static let roleCharacters = Set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-".utf8)

    private func check(_ messages: [ChatMessage]) throws {
        for (index, message) in messages.enumerated() {
            guard !message.content.utf8.contains(0), !(message.reasoningContent ?? "").utf8.contains(0) else {
                throw PromptError.containsNull(message: index)
            }
            guard !message.role.isEmpty, message.role.utf8.allSatisfy({ Self.roleCharacters.contains($0) }) else {
                throw PromptError.invalidRole(message: index, role: message.role)
            }
        }
        let byteCount = messages.reduce(0) { $0 + $1.content.utf8.count }
        guard byteCount <= Tokenizer.longestText else { throw TokenError.textTooLong(byteCount: byteCount) }
    }

    /// A template that has no place for a message drops it without a word. Thoughts of earlier turns are dropped by
    /// design.
    private static func checkPlaces(of messages: [ChatMessage], in rendering: Rendering) throws {
        let found = Set(rendering.parts.compactMap(\.message))
        for (index, message) in messages.enumerated() where !found.contains(index) && message.role != "assistant" {
            guard message.content.allSatisfy(\.isWhitespace) else {
                throw PromptError.leftOut(message: index, role: message.role)
            }
        }
    }
}

extension ChatTemplate {
    /// A template that was written without tools in mind drops them without a word.
    private static func checkPlaces(
        of messages: [ChatMessage], and tools: [JSONValue], in rendering: Rendering
    ) throws {
        let calls = messages.indices.filter { !messages[$0].toolCalls.isEmpty }.map { "/messages/\($0)/tool_calls" }
        for place in calls + (tools.isEmpty ? [] : ["/tools"]) where rendering.spans(of: place).isEmpty {
            throw PromptError.noPlaceForTools
        }
    }
}

extension ChatTemplate.Rendering {
    /// Cut behind the last text of a message.
    func ending(withMessage index: Int) throws -> Self {
        let content = "/messages/\(index)/content"
        guard let last = parts.last(where: { $0.source == content }) else {
            throw PromptError.leftOut(message: index, role: "assistant")
        }
        let bytes = Array(text.utf8.prefix(last.bytes.upperBound))
        return Self(
            text: String(decoding: bytes, as: UTF8.self),
            parts: parts.filter { $0.bytes.upperBound <= last.bytes.upperBound })
    }

    /// Where text lies that comes from a place in the variables, or from inside it.
    /// - Parameter place: a JSON pointer.
    func spans(of place: String) -> [Range<Int>] {
        var spans: [Range<Int>] = []
        for part in parts {
            guard let source = part.source, source == place || source.hasPrefix(place + "/") else { continue }
            if let last = spans.last, last.upperBound == part.bytes.lowerBound {
                spans[spans.count - 1] = last.lowerBound..<part.bytes.upperBound
            } else if !part.bytes.isEmpty {
                spans.append(part.bytes)
            }
        }
        return spans
    }
}
