import AGDInsight
import AttributionGuidedDecoding
import Foundation

/// A way to say which of some documents an answer rests on.
public enum CitationMethod: Sendable, Hashable {
    /// Relevance of the answer's tokens, summed by document.
    case relevance(PropagationRule)
    /// The same with hops from token to token: what a token owes to one before goes to what that one rests on.
    case hops(PropagationRule)
    /// Words shared with question and answer, each weighed by how few documents have it.
    case overlap
    /// How much likelier the answer is with the document than without it.
    case leaveOneOut

    /// All of them: every rule, with and without hops, and the ways to compare with.
    public static let all: [CitationMethod] =
        PropagationRule.all.map { .relevance($0) } + PropagationRule.all.map { .hops($0) } + [.overlap, .leaveOneOut]

    /// As on the command line, and in files.
    public var name: String {
        switch self {
        case .relevance(let rule): rule.name
        case .hops(let rule): "\(rule.name)+hops"
        case .overlap: "overlap"
        case .leaveOneOut: "leave-one-out"
        }
    }

    /// The method of this name.
    public init?(name: String) {
        guard let method = Self.all.first(where: { $0.name == name }) else { return nil }
        self = method
    }
}

/// An answer to an item, and what each of its documents has to do with it.
struct CitedAnswer {
    let item: CitationItem
    let prompt: Prompt
    let tokens: [AnswerToken]
    let model: LanguageModel
    let session: Session
    /// Read once for all rules.
    let reading: ReverseAttribution
    let reverse: ReverseAttribution.Options

    var text: String { tokens.map(\.text).joined() }

    /// How much the answer rests on each document, by a method.
    func scores(_ method: CitationMethod) async throws -> [Double] {
        switch method {
        case .relevance(let rule): try relevance(rule, by: .answer)
        case .hops(let rule): try relevance(rule, by: .token)
        case .overlap: LexicalOverlap(item.documents.map(\.text)).scores(of: "\(item.question) \(text)")
        case .leaveOneOut: try await losses()
        }
    }

    private func relevance(_ rule: PropagationRule, by unit: StatementUnit) throws -> [Double] {
        var options = AnswerSources.Options()
        (options.unit, options.rule, options.hops, options.reverse) = (unit, rule, unit == .token, reverse)
        let sources = try AnswerSources(of: tokens, after: prompt, model: model, options: options, reading: reading)
        var scores = Array(repeating: 0.0, count: item.documents.count)
        for statement in sources.statements {
            let bySource = Dictionary(uniqueKeysWithValues: statement.shares.map { ($0.source, $0.relevance) })
            for index in scores.indices { scores[index] += bySource["document:\(index + 1)"] ?? 0 }
        }
        return scores
    }

    /// What the answer's log-probability loses without each document. The last is left out first, so that most of the prompt is in
    /// the cache.
    private func losses() async throws -> [Double] {
        let whole = try await logProbability(item.documents)
        var losses = Array(repeating: 0.0, count: item.documents.count)
        for index in item.documents.indices.reversed() {
            var rest = item.documents
            rest.remove(at: index)
            losses[index] = whole - (try await logProbability(rest))
        }
        return losses
    }

    private func logProbability(_ documents: [ChatDocument]) async throws -> Double {
        let prompt = try model.prompt(item.messages, options: TemplateOptions(documents: documents))
        let answer = tokens.map(\.id)
        return try await session.logProbabilities(
            of: model.prompt(tokens: prompt.tokens + answer), from: prompt.tokens.count, alternatives: 0
        ).reduce(0) { $0 + $1.logProbability }
    }
}

/// Words that texts share, each weighed by `log(n / texts that have it)`.
struct LexicalOverlap {
    private let texts: [Set<PythonText>]

    init(_ texts: [String]) { self.texts = texts.map { Set(AnswerNormalization.squad(PythonText($0))) } }

    /// For each text the weights of the query's words that it has.
    func scores(of query: String) -> [Double] {
        var scores = Array(repeating: 0.0, count: texts.count)
        var seen: Set<PythonText> = []
        for word in AnswerNormalization.squad(PythonText(query)) where seen.insert(word).inserted {
            let holders = texts.indices.filter { texts[$0].contains(word) }
            for index in holders { scores[index] += log(Double(texts.count) / Double(holders.count)) }
        }
        return scores
    }
}
