/// A prompt as tokens, with what is known about where they come from.
public struct Prompt: Sendable {
    /// Where a message's content stands in the prompt.
    public struct Message: Sendable {
        /// As the message names it.
        public let role: String
        /// Bytes of ``Prompt/text`` that come from the message: its content, thoughts and tool calls, without what the
        /// template writes around them. In order; empty where the template leaves the message out.
        public let spans: [Range<Int>]
        /// Those that come from its content.
        public let contentSpans: [Range<Int>]
        /// Whether its author may instruct the model; nil where nobody has said.
        public let trust: Trust?
        /// The content as it was rendered: as it was given, behind documents that were put into the message.
        let content: String
        /// How many bytes of the content are those documents.
        let carriedCount: Int

        /// From the message's first byte to its last.
        public var bytes: Range<Int> { (spans.first?.lowerBound ?? 0)..<(spans.last?.upperBound ?? 0) }
    }

    /// Where a document's text stands in the prompt.
    public struct Document: Sendable {
        /// The document as it was given.
        public let document: ChatDocument
        /// Bytes of ``Prompt/text``, in order.
        public let spans: [Range<Int>]
    }

    /// What the model reads.
    public let tokens: [Int]
    /// The rendered text; nil for a prompt given as tokens.
    public let text: String?
    /// For each token the bytes of `text` it covers; empty for tokens that aren't in the text, such as BOS.
    public let tokenBytes: [Range<Int>]
    /// The messages of a conversation; empty for a raw prompt.
    public let messages: [Message]
    /// The documents of a conversation; those that the template has no place for lie in a message, as do those that messages say.
    public let documents: [Document]
    /// Bytes of `text` that the chat template says of its own accord, such as a default system message; not its markers.
    public let templateSpans: [Range<Int>]
    /// The same as texts.
    public var templateTexts: [String] {
        let bytes = Array((text ?? "").utf8)
        return templateSpans.map { String(decoding: bytes[$0], as: UTF8.self) }
    }
    /// Whether a raw prompt brings the BOS along that the model wants. It isn't put there twice.
    public let bringsBeginningOfSequence: Bool
    /// What was rendered; nil for a raw prompt.
    let conversation: Conversation?

    /// A conversation and how it is rendered.
    struct Conversation: Sendable {
        var messages: [ChatMessage]
        var template: ChatTemplate
        var options: TemplateOptions
    }
}

extension Prompt {
    /// A raw prompt; control tokens may be written by their names.
    /// - Throws: ``PromptError`` or ``TokenError`` for a text that can't become tokens.
    public init(text: String, tokenizer: Tokenizer) throws {
        try self.init(text: text, inputs: [], tokenizer: tokenizer)
    }

    /// A conversation, rendered with the template; it ends where the assistant's answer begins, or goes on.
    /// - Throws: ``PromptError`` or ``TokenError`` for messages that the template has no place for, or that can't
    ///   become tokens.
    public init(
        _ messages: [ChatMessage], template: ChatTemplate, options: TemplateOptions = TemplateOptions(),
        tokenizer: Tokenizer
    ) throws {
        guard !messages.isEmpty else { throw PromptError.empty }
        let documented = try template.renderDocumented(messages, options)
        let (rendering, rendered) = (documented.rendering, documented.messages)
        var renderedOptions = options
        renderedOptions.documents = documented.documents
        let found = zip(messages, rendered).enumerated().map { index, message in
            Message(
                role: message.1.role, spans: rendering.spans(of: "/messages/\(index)"),
                contentSpans: rendering.spans(of: "/messages/\(index)/content"), trust: message.1.trust,
                content: message.1.content, carriedCount: message.1.content.utf8.count - message.0.content.utf8.count)
        }
        try self.init(
            text: rendering.text, inputs: rendering.parts.filter { $0.source != nil }.map(\.bytes), messages: found,
            documents: zip(options.documents, documented.spans(of: options.documents, in: found)).map {
                Document(document: $0, spans: $1)
            },
            conversation: Conversation(messages: rendered, template: template, options: renderedOptions),
            tokenizer: tokenizer)
    }

    /// A prompt given as token ids.
    /// - Throws: ``PromptError/empty``, or ``TokenError/outOfRange(token:vocabularySize:)``.
    public init(tokens: [Int], vocabularySize: Int) throws {
        guard !tokens.isEmpty else { throw PromptError.empty }
        if let token = tokens.first(where: { $0 < 0 || $0 >= vocabularySize }) {
            throw TokenError.outOfRange(token: token, vocabularySize: vocabularySize)
        }
        self.tokens = tokens
        text = nil
        tokenBytes = []
        messages = []
        documents = []
        templateSpans = []
        bringsBeginningOfSequence = false
        conversation = nil
    }

    /// - Parameter inputs: bytes that the template didn't write, where no control tokens may be.
    private init(
        text: String, inputs: [Range<Int>], messages: [Message] = [], documents: [Document] = [],
        conversation: Conversation? = nil, tokenizer: Tokenizer
    ) throws {
        guard !text.isEmpty else { throw PromptError.empty }
        let bytes = Array(text.utf8)
        let core = try TokenizedText(bytes, protecting: inputs, tokenizer: tokenizer)
        let (wanted, last) = tokenizer.addedTokens
        let isWritten = !wanted.isEmpty && core.tokens.starts(with: wanted)
        let first = isWritten ? [] : wanted
        tokens = first + core.tokens + last
        tokenBytes = first.map { _ in 0..<0 } + core.ranges + last.map { _ in bytes.count..<bytes.count }
        bringsBeginningOfSequence = isWritten && conversation == nil
        templateSpans =
            conversation == nil ? [] : TemplateText.spans(in: bytes, of: core, besides: inputs, tokenizer: tokenizer)
        self.text = text
        self.messages = messages
        self.documents = documents
        self.conversation = conversation
    }
}

extension LanguageModel {
    /// The chat template in the model's file.
    /// - Parameter forTools: for a conversation with tools, for which some files have a template of its own.
    /// - Throws: ``PromptError`` where there is none or it is no template.
    public func chatTemplate(forTools: Bool = false) throws -> ChatTemplate {
        guard let tokenizer else { throw PromptError.noVocabulary }
        let special = forTools ? tokenizer.toolTemplateSource : nil
        guard let source = special ?? tokenizer.chatTemplateSource else { throw PromptError.noTemplate }
        return try chatTemplate(source: source)
    }

    /// A chat template of one's own for this model.
    /// - Throws: ``PromptError`` for text that is no template.
    public func chatTemplate(source: String) throws -> ChatTemplate {
        guard let tokenizer else { throw PromptError.noVocabulary }
        return try ChatTemplate(source: source, beginning: tokenizer.beginningText, end: tokenizer.endText)
    }

    /// A conversation as a prompt for this model.
    /// - Parameters:
    ///   - messages: the conversation.
    ///   - template: by default the model's own.
    ///   - options: what else the template is told.
    /// - Throws: ``PromptError`` where the model has no template or the template no place for a message;
    ///   ``TokenError``.
    public func prompt(
        _ messages: [ChatMessage], template: ChatTemplate? = nil, options: TemplateOptions = TemplateOptions()
    ) throws -> Prompt {
        guard let tokenizer else { throw PromptError.noVocabulary }
        return try Prompt(
            messages, template: template ?? chatTemplate(forTools: !options.tools.isEmpty), options: options,
            tokenizer: tokenizer)
    }

    /// A raw prompt.
    /// - Throws: ``PromptError`` where the model has no vocabulary or the text is empty; ``TokenError``.
    public func prompt(text: String) throws -> Prompt {
        guard let tokenizer else { throw PromptError.noVocabulary }
        return try Prompt(text: text, tokenizer: tokenizer)
    }

    /// A prompt given as token ids.
    /// - Throws: ``PromptError/empty``, or ``TokenError/outOfRange(token:vocabularySize:)``.
    public func prompt(tokens: [Int]) throws -> Prompt {
        try Prompt(tokens: tokens, vocabularySize: configuration.vocabularySize)
    }
}
