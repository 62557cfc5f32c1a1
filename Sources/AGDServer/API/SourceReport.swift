import AGDInsight

/// What a sentence of an answer rests on, as requests are answered: every source whose share is not nothing.
struct SourceReport: Encodable, Sendable {
    var start, end: Int
    var text: String
    var shares: [AnswerSources.Share]
    /// Which of the answer's calls of tools it is, counted from 0.
    var call: Int?
    /// The share of all documents, and that of all that is untrusted; missing where there are none.
    var grounded, untrusted: Double?
}

/// Whether an answer rests more on untrusted messages and documents than it may.
struct TrustReport: Encodable, Sendable {
    var limit: Double
    var action: TrustLimit.Action
    /// The largest untrusted share of a statement.
    var largest: Double?
    /// Which of `sources` exceed the limit.
    var exceeding: [Int]
    var refused: Bool
    /// In words, where some do.
    var reason: String?

    init?(_ sources: AnswerSources) {
        guard let check = sources.trust else { return nil }
        (limit, action, largest) = (check.limit, check.action, check.largest)
        (exceeding, refused) = (check.exceeding, check.isRefused)
        reason = check.exceeding.isEmpty ? nil : check.text(of: sources.statements.count)
    }
}

/// A citation as OpenAI's API has them, of a part of the answer's text.
struct Annotation: Encodable, Sendable {
    struct Citation: Encodable, Sendable {
        var startIndex, endIndex: Int
        var title, url: String
    }
    var type = "url_citation"
    var urlCitation: Citation
}

extension AnswerSources {
    var report: [SourceReport] {
        statements.map { statement in
            SourceReport(
                start: statement.start, end: statement.end, text: statement.text,
                shares: statement.shares.filter { $0.share > 0 }, call: statement.call, grounded: statement.grounded,
                untrusted: statement.untrusted)
        }
    }

    /// The documents that are cited; none where there are no documents, and of an answer that is withheld.
    var annotations: [Annotation] {
        if trust?.isRefused == true { return [] }
        return statements.flatMap { statement in
            citations(of: statement).filter { $0.source.kind == .document }.map { citation in
                Annotation(
                    urlCitation: .init(
                        startIndex: statement.start, endIndex: statement.end, title: citation.source.title ?? "",
                        url: String(citation.source.id.dropFirst("document:".count))))
            }
        }
    }
}
