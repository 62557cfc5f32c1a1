/// What other methods do to the text of a region, where attribution guides towards it.
public enum RegionEdit: Sendable, Hashable {
    /// Takes the text out: what context-aware decoding contrasts with.
    case remove
    /// Puts words before the text: guidance by prompting alone.
    case emphasize(String)

    /// Says in words what guidance says in weights.
    public static let importance = RegionEdit.emphasize(
        "Important: the following counts more than everything else, follow it in any case. ")
}

extension LanguageModel {
    /// The same prompt with the text of regions edited, see ``prompt(_:of:)``.
    /// - Throws: ``RegionError`` for parts inside the model, which are no text, and for regions that the prompt doesn't have;
    ///   ``PromptError``.
    public func prompt(
        _ original: Prompt, _ edit: RegionEdit, of specifications: [RegionSpecification]
    ) throws -> Prompt {
        try prompt(edit, of: MarkedPrompt(original, regions: specifications))
    }

    /// The same prompt with the text of its regions edited. Regions of negative weight are left alone.
    ///
    /// A message that is removed is left out of the conversation, unless it is the last one: that stays, empty, for the
    /// answer has to follow something.
    /// - Throws: ``RegionError`` for parts inside the model, which are no text; ``PromptError``.
    public func prompt(_ edit: RegionEdit, of marked: MarkedPrompt) throws -> Prompt {
        let original = marked.prompt
        let marks = marked.marks.filter { $0.specification.weight > 0 }
        if let inside = marks.first(where: { $0.inside != RegionOfInterest() }) {
            throw RegionError.malformed(
                inside.specification.description,
                "\(inside.specification.target.noun) have no text to take out or to emphasise")
        }
        guard let text = original.text else {
            guard edit == .remove else {
                throw RegionError.noText(specification: marks.first?.specification.description ?? "")
            }
            let removed = Set(marks.flatMap { $0.tokens.joined() })
            let rest = original.tokens.indices.filter { !removed.contains($0) }.map { original.tokens[$0] }
            if rest.isEmpty { throw RegionError.coversEverything }
            return try prompt(tokens: rest)
        }
        let bytes = Array(text.utf8)
        let spans = marks.flatMap(\.bytes).united
        guard let conversation = original.conversation else {
            let rest = edit.applied(to: bytes, 0..<bytes.count, spans)
            if rest.isEmpty { throw RegionError.coversEverything }
            return try prompt(text: rest)
        }
        if let own = marks.first(where: { $0.specification.target == .template }) {
            throw RegionError.malformed(
                own.specification.description, "what the template says can't be taken out or emphasised")
        }
        let lastIndex = original.messages.count - 1
        let edited = original.messages.indices.compactMap { index -> ChatMessage? in
            var message = conversation.messages[index]
            let contents = original.messages[index].contentSpans
            let isWhole =
                !contents.isEmpty && contents.allSatisfy { part in spans.contains { part.clamped(to: $0) == part } }
            if edit == .remove, isWhole, index < lastIndex { return nil }
            if contents.contains(where: { part in spans.contains { $0.overlaps(part) } }) {
                message.content = contents.map { edit.applied(to: bytes, $0, spans) }.joined()
            }
            return message
        }
        return try prompt(edited, template: conversation.template, options: conversation.options)
    }
}

extension RegionEdit {
    /// The text in `part`, with the spans that lie in it edited.
    /// - Parameter spans: in order, apart from each other.
    fileprivate func applied(to bytes: [UInt8], _ part: Range<Int>, _ spans: [Range<Int>]) -> String {
        var edited: [UInt8] = []
        var position = part.lowerBound
        for span in spans.map({ $0.clamped(to: part) }) where !span.isEmpty {
            edited += bytes[position..<span.lowerBound]
            if case .emphasize(let words) = self { edited += Array(words.utf8) + bytes[span] }
            position = span.upperBound
        }
        return String(decoding: edited + bytes[position..<part.upperBound], as: UTF8.self)
    }
}
