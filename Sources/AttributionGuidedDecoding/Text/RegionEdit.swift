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
        let region = EditedRegion(edit, marks.flatMap(\.bytes).united, of: Array(text.utf8))
        guard let conversation = original.conversation else {
            let rest = region.text(of: [0..<text.utf8.count])
            if rest.isEmpty { throw RegionError.coversEverything }
            return try prompt(text: rest)
        }
        if let own = marks.first(where: { $0.specification.target == .template }) {
            throw RegionError.malformed(
                own.specification.description, "what the template says can't be taken out or emphasised")
        }
        let (messages, places) = original.messages(of: conversation, editing: region)
        var options = conversation.options
        options.documents = original.documents(of: conversation, editing: region, saidBy: messages, at: places)
        return try prompt(messages, template: conversation.template, options: options)
    }
}

extension Prompt {
    /// The messages that are left of a conversation, and where in them those documents stand that lie in messages, by their numbers.
    fileprivate func messages(
        of conversation: Conversation, editing region: EditedRegion
    ) -> ([ChatMessage], places: [Int: ChatDocument.Place]) {
        var (edited, places) = ([ChatMessage](), [Int: ChatDocument.Place]())
        for (index, var message) in conversation.messages.enumerated() {
            let contents = messages[index].contentSpans
            if region.takesOut(contents), index < messages.count - 1 { continue }
            let held = documents.indices.compactMap { number in
                region.characters(of: documents[number].spans, in: contents).map { (number, $0) }
            }
            for (number, characters) in held { places[number] = .init(message: edited.count, characters: characters) }
            // Documents are found again in what the template made of the content, such as without white space at its ends.
            if !held.isEmpty || region.overlaps(contents) { message.content = region.text(of: contents) }
            edited.append(message)
        }
        return (edited, places)
    }

    /// The documents that are left of a conversation: those that the template places, with their texts edited, and those that the messages
    /// say. All keep their names.
    fileprivate func documents(
        of conversation: Conversation, editing region: EditedRegion, saidBy messages: [ChatMessage],
        at places: [Int: ChatDocument.Place]
    ) -> [ChatDocument] {
        documents.enumerated().compactMap { number, known in
            var document = known.document
            document.id = document.id ?? "\(number + 1)"
            if let place = places[number] {
                return ChatDocument(
                    id: document.id, title: document.title, at: place, of: messages, trust: document.trust)
            }
            guard conversation.options.documents.contains(known.document), !region.takesOut(known.spans) else {
                return nil
            }
            if region.overlaps(known.spans) { document.text = region.text(of: known.spans) }
            return document
        }
    }
}

/// A prompt's text with the spans of a region edited.
private struct EditedRegion {
    private let edit: RegionEdit
    /// In order, apart from each other.
    private let spans: [Range<Int>]
    private let bytes: [UInt8]

    init(_ edit: RegionEdit, _ spans: [Range<Int>], of bytes: [UInt8]) {
        (self.edit, self.spans, self.bytes) = (edit, spans, bytes)
    }

    func overlaps(_ parts: [Range<Int>]) -> Bool { parts.contains { part in spans.contains { $0.overlaps(part) } } }

    /// Whether nothing is left of some parts.
    func takesOut(_ parts: [Range<Int>]) -> Bool {
        edit == .remove && !parts.isEmpty
            && parts.allSatisfy { part in spans.contains { part.clamped(to: $0) == part } }
    }

    /// Parts of the text, edited and put together.
    func text(of parts: [Range<Int>]) -> String {
        String(decoding: parts.flatMap { part in edited(part) }, as: UTF8.self)
    }

    /// Which characters (Unicode scalars) of the edited parts hold some bytes; nil where none of them is there.
    func characters(of wanted: [Range<Int>], in parts: [Range<Int>]) -> Range<Int>? {
        var (count, found) = (0, Range<Int>?.none)
        for part in parts {
            for range in wanted.map({ $0.clamped(to: part) }) where !range.isEmpty {
                // Words that were put before the range aren't part of it.
                let start = count + length(part.lowerBound..<range.lowerBound) + words(before: range.lowerBound)
                let end = count + length(part.lowerBound..<range.upperBound)
                found = min(found?.lowerBound ?? start, start)..<max(found?.upperBound ?? end, end)
            }
            count += length(part)
        }
        return found?.isEmpty == false ? found : nil
    }

    private func length(_ part: Range<Int>) -> Int {
        String(decoding: edited(part), as: UTF8.self).unicodeScalars.count
    }

    private func words(before position: Int) -> Int {
        guard case .emphasize(let words) = edit, spans.contains(where: { $0.lowerBound == position }) else { return 0 }
        return words.unicodeScalars.count
    }

    private func edited(_ part: Range<Int>) -> [UInt8] {
        var edited: [UInt8] = []
        var position = part.lowerBound
        for span in spans.map({ $0.clamped(to: part) }) where !span.isEmpty {
            edited += bytes[position..<span.lowerBound]
            if case .emphasize(let words) = edit { edited += Array(words.utf8) + bytes[span] }
            position = span.upperBound
        }
        return edited + bytes[position..<part.upperBound]
    }
}
