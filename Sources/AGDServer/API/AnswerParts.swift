/// A stretch of an answer.
struct AnswerPart: Sendable {
    enum Kind { case thinking, text, call }
    let kind: Kind
    /// What is thought or said.
    fileprivate(set) var text = ""
    /// What is called.
    fileprivate(set) var call: NumberedCall?

    /// Without what comes after its beginning.
    var begun: AnswerPart {
        var part = self
        part.text = ""
        part.call?.call.arguments = .object([])
        return part
    }
}

/// Puts an answer's tokens together to its parts, in their order, for APIs whose answers are lists.
struct AnswerParts: Sendable {
    /// What a token changes, of the part with that number.
    enum Change: Sendable {
        /// It has begun; a call is whole by then, other parts are empty.
        case opened(Int)
        case added(Int, String)
        case closed(Int)
    }

    private(set) var parts: [AnswerPart] = []
    /// Of the text that citations are told for.
    var firstText: Int? { parts.firstIndex { $0.kind == .text } }
    private var isOpen = false

    init() {}

    /// The parts of a finished answer.
    init(_ answer: Answer) {
        for token in answer.tokens { _ = append(token) }
        _ = finish()
    }

    mutating func append(_ token: ChosenToken) -> [Change] {
        var changes = add(token.piece.thinking, .thinking) + add(token.piece.answer, .text)
        for call in token.calls {
            changes += close() + open(AnswerPart(kind: .call, call: call))
            changes += close()
        }
        return changes
    }

    /// Nothing follows. An answer of nothing is an empty text.
    mutating func finish() -> [Change] {
        (parts.isEmpty ? open(AnswerPart(kind: .text)) : []) + close()
    }

    private mutating func add(_ text: String, _ kind: AnswerPart.Kind) -> [Change] {
        guard !text.isEmpty else { return [] }
        let goesOn = isOpen && parts.last?.kind == kind
        let changes = goesOn ? [] : close() + open(AnswerPart(kind: kind))
        parts[parts.count - 1].text += text
        return changes + [.added(parts.count - 1, text)]
    }

    private mutating func open(_ part: AnswerPart) -> [Change] {
        parts.append(part)
        isOpen = true
        return [.opened(parts.count - 1)]
    }

    private mutating func close() -> [Change] {
        guard isOpen else { return [] }
        isOpen = false
        return [.closed(parts.count - 1)]
    }
}
