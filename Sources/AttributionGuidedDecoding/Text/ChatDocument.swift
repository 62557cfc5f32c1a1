/// A text that a conversation is to draw on, such as a passage that a search has found.
public struct ChatDocument: Sendable, Hashable {
    /// By which answers name it; nil for its number, counted from 1.
    public var id: String?
    /// What it is called.
    public var title: String?
    /// What it says.
    public var text: String
    /// Whether its author may instruct the model; nil where nobody has said. Chat templates aren't told.
    public var trust: Trust?

    /// A document of a conversation.
    public init(id: String? = nil, title: String? = nil, text: String, trust: Trust? = nil) {
        self.id = id
        self.title = title
        self.text = text
        self.trust = trust
    }

    /// As templates read it.
    func json(number: Int) -> JSONValue {
        .object(
            [.init("doc_id", .string(id ?? "\(number)"))] + (title.map { [.init("title", .string($0))] } ?? []) + [
                .init("text", .string(text))
            ])
    }
}

extension ChatMessage {
    /// The message with documents before its own text, each under its number: the plain form, for templates that have no place of
    /// their own for documents.
    ///
    ///     [1] Title
    ///     Text of the first document.
    ///
    ///     [2] Title of the second
    ///     Its text.
    ///
    ///     What the message says.
    ///
    /// - Returns: the message, and the bytes of its content that each document's text has.
    func carrying(_ documents: [ChatDocument]) -> (message: ChatMessage, texts: [Range<Int>]) {
        var (message, text, texts) = (self, "", [Range<Int>]())
        for (index, document) in documents.enumerated() {
            text += "[\(index + 1)] " + (document.title.map { $0 + "\n" } ?? "")
            let start = text.utf8.count
            text += document.text
            texts.append(start..<text.utf8.count)
            text += "\n\n"
        }
        message.content = text + content
        return (message, texts)
    }
}

extension ChatTemplate {
    /// A rendered conversation with its documents.
    struct DocumentedRendering {
        let rendering: Rendering
        /// As they were rendered: one of them holds the documents where the template has no place for them.
        let messages: [ChatMessage]
        /// Documents that the template has placed; none where a message holds them.
        let documents: [ChatDocument]
        /// Bytes of the rendered text that each document's text has.
        let spans: [[Range<Int>]]
    }

    /// Renders a conversation with documents where the template puts them, or else before the text of the user's last message.
    /// - Throws: ``PromptError``, also where there is no user's message to hold documents.
    func renderDocumented(_ messages: [ChatMessage], _ options: TemplateOptions) throws -> DocumentedRendering {
        let documents = options.documents
        if let index = documents.firstIndex(where: { "\($0.title ?? "")\($0.text)".utf8.contains(0) }) {
            throw PromptError.documentContainsNull(number: index + 1)
        }
        let native = try render(messages, options)
        let spans = documents.indices.map { native.spans(of: "/documents/\($0)/text") }
        if zip(spans, documents).allSatisfy({ !$0.isEmpty || $1.text.allSatisfy(\.isWhitespace) }) {
            return DocumentedRendering(rendering: native, messages: messages, documents: documents, spans: spans)
        }
        guard let place = messages.lastIndex(where: { $0.role == "user" }) else {
            throw PromptError.noPlaceForDocuments
        }
        var (carriers, plain) = (messages, options)
        let (carrier, texts) = messages[place].carrying(documents)
        carriers[place] = carrier
        plain.documents = []
        let rendering = try render(carriers, plain)
        let contents = rendering.spans(of: "/messages/\(place)/content")
        let text = Array(rendering.text.utf8)
        return DocumentedRendering(
            rendering: rendering, messages: carriers, documents: [],
            spans: texts.map { Prompt.Message.bytes(ofContent: $0, of: carrier.content, in: contents, of: text) })
    }
}

extension Prompt.Message {
    /// The bytes of a prompt's text that hold some bytes of a message's content as it was given; none where a template has left
    /// them out.
    /// - Parameter spans: where the content lies in the prompt's text: what is left of it, piece by piece, in its own order.
    static func bytes(
        ofContent wanted: Range<Int>, of content: String, in spans: [Range<Int>], of text: [UInt8]
    ) -> [Range<Int>] {
        let given = Array(content.utf8)
        var position = 0
        return spans.compactMap { span in
            guard let found = given[position...].firstRange(of: text[span]) else { return nil }
            position = found.upperBound
            let common = wanted.clamped(to: found)
            let shift = span.lowerBound - found.lowerBound
            return common.isEmpty ? nil : common.lowerBound + shift..<common.upperBound + shift
        }
    }
}
