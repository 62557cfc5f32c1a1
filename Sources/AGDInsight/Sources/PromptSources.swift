import AttributionGuidedDecoding

/// What an answer can rest on: the parts of its prompt, and what was generated before.
public struct AnswerSource: Sendable, Hashable, Encodable {
    /// What kind of thing it is.
    public enum Kind: String, Sendable, Encodable {
        /// A document of the conversation.
        case document
        /// A message, without the documents that it carries.
        case message
        /// What is left of a conversation's prompt: the template's own words and marks.
        case template
        /// A raw prompt.
        case prompt
        /// What was generated before.
        case answer
    }

    /// A sentence of a document, message or raw prompt.
    public struct Passage: Sendable, Hashable, Encodable {
        /// Characters (Unicode scalars) of the source's text, from the first to past the last.
        public var start, end: Int
        /// What it says.
        public var text: String
    }

    /// `document:ID`, `message:N` counted from 0, `template`, `prompt` or `answer`.
    public var id: String
    /// What kind of thing it is.
    public var kind: Kind
    /// A document's title, or a message's role.
    public var title: String?
    /// Whether its author may instruct the model; nil where nobody has said.
    public var trust: Trust?
    /// Its sentences.
    public var passages: [Passage]
}

/// The sources of a prompt, and which of its tokens belong to which.
struct PromptSources {
    /// A token's place: its source, and the passage there, if any.
    struct Place: Hashable {
        var source: Int
        var passage: Int?
    }

    private(set) var sources: [AnswerSource] = []
    /// Of each token of the prompt.
    private(set) var places: [Place]

    /// - Parameter prompt: its documents become sources, its messages, and what is left of it.
    init(_ prompt: Prompt) {
        places = Array(repeating: Place(source: -1), count: prompt.tokens.count)
        let text = Array((prompt.text ?? "").utf8)
        for (number, document) in prompt.documents.enumerated() {
            add(
                "document:\(document.document.id ?? "\(number + 1)")", .document, title: document.document.title,
                trust: document.document.trust, document.spans, text, prompt)
        }
        for (number, message) in prompt.messages.enumerated() {
            add(
                "message:\(number)", .message, title: message.role, trust: message.trust,
                message.ownSpans(in: prompt.text ?? ""), text, prompt)
            // Numbers and titles of documents that it carries.
            for position in prompt.tokens(overlapping: message.spans).joined() where places[position].source < 0 {
                places[position] = Place(source: sources.count - 1)
            }
        }
        let isRaw = prompt.messages.isEmpty
        if places.contains(where: { $0.source < 0 }) {
            let rest = sources.count
            if isRaw, prompt.text != nil {
                add("prompt", .prompt, title: nil, [0..<text.count], text, prompt)
            } else {
                sources.append(
                    AnswerSource(id: isRaw ? "prompt" : "template", kind: isRaw ? .prompt : .template, passages: []))
            }
            for position in places.indices where places[position].source < 0 { places[position].source = rest }
        }
        sources.append(AnswerSource(id: "answer", kind: .answer, passages: []))
    }

    /// Adds a source of the tokens in `spans` that none has taken yet.
    private mutating func add(
        _ id: String, _ kind: AnswerSource.Kind, title: String?, trust: Trust? = nil, _ spans: [Range<Int>],
        _ text: [UInt8], _ prompt: Prompt
    ) {
        let content = String(decoding: spans.flatMap { text[$0] }, as: UTF8.self)
        let bytes = Array(content.utf8)
        let sentences = Sentences.ranges(in: content)
        let characters = bytes.characterOffsets
        let source = sources.count
        sources.append(
            AnswerSource(
                id: id, kind: kind, title: title, trust: trust,
                passages: sentences.map { range in
                    .init(
                        start: characters[range.lowerBound], end: characters[range.upperBound],
                        text: String(decoding: bytes[range], as: UTF8.self))
                }))
        var offset = 0
        for span in spans {
            for position in prompt.tokens(overlapping: [span]).joined() where places[position].source < 0 {
                let token = prompt.tokenBytes[position].clamped(to: span)
                let range = token.lowerBound - span.lowerBound + offset..<token.upperBound - span.lowerBound + offset
                places[position] = Place(source: source, passage: sentences.firstIndex { $0.overlaps(range) })
            }
            offset += span.count
        }
    }
}

extension [UInt8] {
    /// How many characters (Unicode scalars) of UTF-8 begin before each byte, and before the end.
    var characterOffsets: [Int] {
        reduce(into: [0]) { $0.append($0[$0.count - 1] + ($1 & 0b1100_0000 == 0b1000_0000 ? 0 : 1)) }
    }
}
