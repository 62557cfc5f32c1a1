import Foundation

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
    /// The same prompt with a region's text edited. Specifications of negative weight are left alone.
    ///
    /// A message that is removed is left out of the conversation, unless it is the last one: that stays, empty, for the
    /// answer has to follow something.
    /// - Throws: ``RegionError`` for heads, which are no text, and for regions that the prompt doesn't have.
    public func prompt(
        _ original: Prompt, _ edit: RegionEdit, of specifications: [RegionSpecification]
    ) throws -> Prompt {
        _ = try original.region(specifications)
        let specifications = specifications.filter { $0.weight > 0 }
        if let heads = specifications.first(where: { if case .heads = $0.target { true } else { false } }) {
            throw RegionError.malformed(heads.description, "heads have no text to take out or to emphasise")
        }
        guard let text = original.text else {
            guard edit == .remove else {
                throw RegionError.noText(specification: specifications.first?.description ?? "")
            }
            let region = try original.region(specifications)
            return try prompt(
                tokens: original.tokens.indices.filter { region.weight(at: $0) == 0 }.map { original.tokens[$0] })
        }
        let bytes = Array(text.utf8)
        let spans = try specifications.flatMap { try original.spans($0) }.united
        if original.messages.isEmpty {
            return try prompt(text: edit.applied(to: bytes, 0..<bytes.count, spans))
        }
        let lastIndex = original.messages.count - 1
        return try prompt(
            original.messages.enumerated().compactMap { index, message in
                let isWhole = spans.contains {
                    $0.lowerBound <= message.bytes.lowerBound && $0.upperBound >= message.bytes.upperBound
                }
                if edit == .remove, isWhole, index < lastIndex { return nil }
                return ChatMessage(role: message.role, content: edit.applied(to: bytes, message.bytes, spans))
            })
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

extension [Range<Int>] {
    /// The same numbers in order, with ranges that overlap or touch as one.
    fileprivate var united: [Range<Int>] {
        var united: [Range<Int>] = []
        for range in sorted(by: { $0.lowerBound < $1.lowerBound }) where !range.isEmpty {
            if let last = united.last, range.lowerBound <= last.upperBound {
                united[united.count - 1] = last.lowerBound..<Swift.max(last.upperBound, range.upperBound)
            } else {
                united.append(range)
            }
        }
        return united
    }
}

extension Prompt {
    /// The bytes of ``text`` that a specification names.
    fileprivate func spans(_ specification: RegionSpecification) throws -> [Range<Int>] {
        guard let text else { return [] }
        switch specification.target {
        case .role(let role): return messages.filter { $0.role == role }.map(\.bytes)
        case .message(let index): return index < messages.count ? [messages[index].bytes] : []
        case .text(let wanted): return text.ranges(of: wanted).map { text.byteRange($0) }
        case .regex(let pattern):
            return text.ranges(of: try Regex(pattern)).filter { !$0.isEmpty }.map { text.byteRange($0) }
        case .tokens(let ranges): return ranges.joined().filter { $0 < tokenBytes.count }.map { tokenBytes[$0] }
        case .heads: return []
        }
    }
}
