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
    /// Where a message says it already; nil for a document that is put into the conversation. Chat templates aren't told.
    public let place: Place?

    /// A part of a message.
    public struct Place: Sendable, Hashable {
        /// The message's number, counted from 0.
        public let message: Int
        /// Characters (Unicode scalars) of its content.
        public let characters: Range<Int>

        /// Some characters of a message's content.
        public init(message: Int, characters: Range<Int>) {
            (self.message, self.characters) = (message, characters)
        }
    }

    /// A document that is put into a conversation.
    public init(id: String? = nil, title: String? = nil, text: String, trust: Trust? = nil) {
        self.id = id
        self.title = title
        self.text = text
        self.trust = trust
        place = nil
    }

    /// A document that one of the messages says, such as a page that the user has pasted; nil where they have no such characters.
    public init?(
        id: String? = nil, title: String? = nil, at place: Place, of messages: [ChatMessage], trust: Trust? = nil
    ) {
        guard messages.indices.contains(place.message), !place.characters.isEmpty,
            let bytes = messages[place.message].content.bytes(ofCharacters: place.characters)
        else { return nil }
        self.id = id
        self.title = title
        text = String(decoding: Array(messages[place.message].content.utf8)[bytes], as: UTF8.self)
        self.trust = trust
        self.place = place
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
        /// Bytes of the rendered text that the text of each document has that was put in.
        private let put: [[Range<Int>]]

        init(rendering: Rendering, messages: [ChatMessage], documents: [ChatDocument] = [], put: [[Range<Int>]]) {
            (self.rendering, self.messages, self.documents, self.put) = (rendering, messages, documents, put)
        }

        /// Bytes of the rendered text that each document's text has.
        /// - Parameters:
        ///   - documents: all of them: those that were put in, and those that the messages say.
        ///   - messages: of the prompt.
        func spans(of documents: [ChatDocument], in messages: [Prompt.Message]) -> [[Range<Int>]] {
            var put = put[...]
            return documents.map { document in
                guard let place = document.place else { return put.removeFirst() }
                // The messages may be others than those that the document was found in.
                guard messages.indices.contains(place.message) else { return [] }
                return messages[place.message].bytes(ofCharacters: place.characters, in: rendering.text)
            }
        }
    }

    /// Renders a conversation with documents where the template puts them, or else before the text of the user's last message. Those that a
    /// message says already stay there.
    /// - Throws: ``PromptError``, also where there is no user's message to hold documents.
    func renderDocumented(_ messages: [ChatMessage], _ options: TemplateOptions) throws -> DocumentedRendering {
        let documents = options.documents
        if let index = documents.firstIndex(where: { "\($0.title ?? "")\($0.text)".utf8.contains(0) }) {
            throw PromptError.documentContainsNull(number: index + 1)
        }
        var options = options
        options.documents.removeAll { $0.place != nil }
        let native = try render(messages, options)
        let spans = options.documents.indices.map { native.spans(of: "/documents/\($0)/text") }
        if zip(spans, options.documents).allSatisfy({ !$0.isEmpty || $1.text.allSatisfy(\.isWhitespace) }) {
            return DocumentedRendering(rendering: native, messages: messages, documents: options.documents, put: spans)
        }
        guard let place = messages.lastIndex(where: { $0.role == "user" }) else {
            throw PromptError.noPlaceForDocuments
        }
        var (carriers, plain) = (messages, options)
        let (carrier, texts) = messages[place].carrying(options.documents)
        carriers[place] = carrier
        plain.documents = []
        let rendering = try render(carriers, plain)
        let contents = rendering.spans(of: "/messages/\(place)/content")
        let text = Array(rendering.text.utf8)
        return DocumentedRendering(
            rendering: rendering, messages: carriers,
            put: texts.map { Prompt.Message.bytes(ofContent: $0, of: carrier.content, in: contents, of: text) })
    }
}

extension String {
    /// Bytes that hold characters (Unicode scalars); nil where there are fewer.
    func bytes(ofCharacters range: Range<Int>) -> Range<Int>? {
        let scalars = unicodeScalars
        guard range.lowerBound >= 0,
            let lower = scalars.index(scalars.startIndex, offsetBy: range.lowerBound, limitedBy: scalars.endIndex),
            let upper = scalars.index(lower, offsetBy: range.count, limitedBy: scalars.endIndex)
        else { return nil }
        let start = utf8.distance(from: utf8.startIndex, to: lower)
        return start..<start + utf8.distance(from: lower, to: upper)
    }
}

extension Prompt.Message {
    /// The bytes of a prompt's text that hold characters (Unicode scalars) of the content as it was given; none where it has
    /// fewer, and where a template has left them out.
    func bytes(ofCharacters range: Range<Int>, in text: String) -> [Range<Int>] {
        let own = String(decoding: content.utf8.dropFirst(carriedCount), as: UTF8.self)
        guard let wanted = own.bytes(ofCharacters: range) else { return [] }
        return Self.bytes(
            ofContent: wanted.lowerBound + carriedCount..<wanted.upperBound + carriedCount, of: content,
            in: contentSpans, of: Array(text.utf8))
    }

    /// The bytes of a prompt's text that come from the message as it was given, without documents that were put into it.
    package func ownSpans(in text: String) -> [Range<Int>] {
        guard carriedCount > 0 else { return spans }
        return Self.bytes(
            ofContent: carriedCount..<content.utf8.count, of: content, in: contentSpans, of: Array(text.utf8))
    }

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
