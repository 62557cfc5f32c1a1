import AttributionGuidedDecoding

extension AnswerSources {
    /// A source that a statement is said to rest on.
    public struct Citation: Sendable {
        /// Counted from 1: a document's place among the documents, or without documents a message's among the messages.
        public var number: Int
        /// The source.
        public var source: AnswerSource
        /// Its share of the statement.
        public var share: Share
    }

    /// Below this share a source is not cited.
    public static let leastCitedShare = 0.05

    /// The sources that a statement is said to rest on, at most three: documents, or without documents messages, with at least half the
    /// share of the leading one, and no less than ``leastCitedShare``.
    public func citations(of statement: Statement) -> [Citation] {
        let kind: AnswerSource.Kind = sources.contains { $0.kind == .document } ? .document : .message
        let numbers = Dictionary(
            sources.filter { $0.kind == kind }.enumerated().map { ($1.id, (number: $0 + 1, source: $1)) }
        ) { first, _ in first }
        let candidates = statement.shares.compactMap { share in
            numbers[share.source].map { Citation(number: $0.number, source: $0.source, share: share) }
        }
        let least = max(Self.leastCitedShare, (candidates.first?.share.share ?? 0) / 2)
        return Array(candidates.filter { $0.share.share >= least }.prefix(3))
    }

    /// The answer with footnotes, and below it the sources that they name, each with its share of each sentence and the passage that
    /// speaks loudest for it.
    /// - Parameter answer: the text that the sources were found for.
    public func text(of answer: String) -> String {
        let scalars = Array(answer.unicodeScalars)
        var (text, position) = (String.UnicodeScalarView(), 0)
        var cited: [Int: (source: AnswerSource, uses: [(sentence: Int, share: Share)])] = [:]
        for (index, statement) in statements.enumerated() {
            text += scalars[position..<statement.end]
            position = statement.end
            let citations = citations(of: statement)
            if !citations.isEmpty {
                text += "[\(citations.map { "\($0.number)" }.joined(separator: ", "))]".unicodeScalars
            }
            for citation in citations {
                cited[citation.number, default: (citation.source, [])].uses.append((index + 1, citation.share))
            }
        }
        text += scalars[position...]
        let list = cited.keys.sorted().compactMap { number in cited[number].map { entry(number, $0.source, $0.uses) } }
        let heading = "Sources: shares of each sentence's relevance (\(rule.name)\(hops ? ", with hops" : "")).\n"
        return String(text) + "\n\n"
            + (list.isEmpty
                ? "No source has \(Int(100 * Self.leastCitedShare)) % of a sentence.\n" : heading + list.joined())
            + untrustedLine
    }

    /// The share of all that is untrusted; empty where there is nothing.
    private var untrustedLine: String {
        let shares = statements.enumerated().compactMap { index, statement in
            statement.untrusted.map { Self.percent($0) + (statements.count > 1 ? " of sentence \(index + 1)" : "") }
        }
        return shares.isEmpty ? "" : "Untrusted text: \(shares.joined(separator: ", "))\n"
    }

    private func entry(_ number: Int, _ source: AnswerSource, _ uses: [(sentence: Int, share: Share)]) -> String {
        "[\(number)] \(source.title ?? source.id)\(source.trust == .untrusted ? " (untrusted)" : "")\n"
            + uses.map { sentence, share in
                let passage = share.passages.first.flatMap { leading in
                    source.passages.first { $0.start == leading.start && $0.end == leading.end }
                }
                let place = statements.count > 1 ? " of sentence \(sentence)" : ""
                return "    \(Self.percent(share.share))\(place)" + (passage.map { ": \(Self.excerpt($0.text))" } ?? "")
                    + "\n"
            }.joined()
    }

    private static func percent(_ share: Double) -> String { "\(Int((100 * share).rounded())) %" }

    private static func excerpt(_ text: String) -> String {
        let line = text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        return "“" + (line.count > 160 ? line.prefix(159) + "…" : line) + "”"
    }
}
