/// A prompt as tokens, with what is known about where they come from.
public struct Prompt: Sendable {
    public struct Message: Sendable {
        public let role: String
        /// Bytes of ``Prompt/text`` that are the message's content, without template markers.
        public let bytes: Range<Int>
        /// Characters (Unicode scalars) of the content as it was given.
        let characterCount: Int
        /// Those of them at its beginning that the template has left out.
        let trimmedCharacters: Int

        /// - Parameter bytes: where the rendered content lies in `text`, the bytes of the prompt.
        init(_ message: ChatMessage, bytes: Range<Int>, of text: [UInt8]) {
            role = message.role
            self.bytes = bytes
            let scalars = message.content.unicodeScalars
            characterCount = scalars.count
            trimmedCharacters =
                message.content.utf8.starts(with: text[bytes]) ? 0 : scalars.prefix { $0.properties.isWhitespace }.count
        }
    }

    public let tokens: [Int]
    /// The rendered text; nil for a prompt given as tokens.
    public let text: String?
    /// For each token the bytes of `text` it covers; empty for tokens that aren't in the text, such as BOS.
    public let tokenBytes: [Range<Int>]
    /// The messages of a conversation; empty for a raw prompt.
    public let messages: [Message]
}

extension Prompt {
    /// A raw prompt; control tokens may be written by their names.
    public init(text: String, tokenizer: Tokenizer) throws {
        try self.init(text: text, messages: [], tokenizer: tokenizer)
    }

    /// A conversation, rendered with the template; it ends where the assistant's answer begins.
    public init(_ messages: [ChatMessage], template: ChatTemplate, tokenizer: Tokenizer) throws {
        guard !messages.isEmpty else { throw PromptError.empty }
        let rendering = try template.render(messages)
        let bytes = Array(rendering.text.utf8)
        try self.init(
            text: rendering.text,
            messages: zip(messages, rendering.contents).map { Message($0, bytes: $1, of: bytes) }, tokenizer: tokenizer)
    }

    /// A prompt given as token ids.
    public init(tokens: [Int], vocabularySize: Int) throws {
        guard !tokens.isEmpty else { throw PromptError.empty }
        if let token = tokens.first(where: { $0 < 0 || $0 >= vocabularySize }) {
            throw TokenError.outOfRange(token: token, vocabularySize: vocabularySize)
        }
        self.tokens = tokens
        text = nil
        tokenBytes = []
        messages = []
    }

    private init(text: String, messages: [Message], tokenizer: Tokenizer) throws {
        guard !text.isEmpty else { throw PromptError.empty }
        let bytes = Array(text.utf8)
        let core = try TokenizedText(bytes, protecting: messages.map(\.bytes), tokenizer: tokenizer)
        let (first, last) = tokenizer.addedTokens
        tokens = first + core.tokens + last
        tokenBytes = first.map { _ in 0..<0 } + core.ranges + last.map { _ in bytes.count..<bytes.count }
        self.text = text
        self.messages = messages
    }
}

extension LanguageModel {
    /// A conversation as a prompt for this model, rendered with its own chat template.
    public func prompt(_ messages: [ChatMessage]) throws -> Prompt {
        guard let tokenizer else { throw PromptError.noVocabulary }
        guard let source = tokenizer.chatTemplateSource else { throw PromptError.noTemplate }
        return try Prompt(messages, template: ChatTemplate(source: source), tokenizer: tokenizer)
    }

    /// A raw prompt.
    public func prompt(text: String) throws -> Prompt {
        guard let tokenizer else { throw PromptError.noVocabulary }
        return try Prompt(text: text, tokenizer: tokenizer)
    }

    /// A prompt given as token ids.
    public func prompt(tokens: [Int]) throws -> Prompt {
        try Prompt(tokens: tokens, vocabularySize: configuration.vocabularySize)
    }
}
