import AGDInsight

/// What a sentence of an answer rests on, as requests are answered: every source whose share is not nothing.
struct SourceReport: Encodable, Sendable {
    var start, end: Int
    var text: String
    var shares: [AnswerSources.Share]
    var grounded: Double?
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
                shares: statement.shares.filter { $0.share > 0 }, grounded: statement.grounded)
        }
    }

    /// The documents that are cited; none where there are no documents.
    var annotations: [Annotation] {
        statements.flatMap { statement in
            citations(of: statement).filter { $0.source.kind == .document }.map { citation in
                Annotation(
                    urlCitation: .init(
                        startIndex: statement.start, endIndex: statement.end, title: citation.source.title ?? "",
                        url: String(citation.source.id.dropFirst("document:".count))))
            }
        }
    }
}
