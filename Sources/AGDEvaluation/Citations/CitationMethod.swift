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
    /// What attention the answer's tokens pay to the document, meaned over layers and heads.
    case attention
    /// What the model says itself when it is asked to name the documents behind its answer.
    case cited

    /// All of them: every rule, with and without hops, and the ways to compare with.
    public static let all: [CitationMethod] =
        PropagationRule.all.map { .relevance($0) } + PropagationRule.all.map { .hops($0) } + [
            .overlap, .leaveOneOut, .attention, .cited,
        ]

    /// As on the command line, and in files.
    public var name: String {
        switch self {
        case .relevance(let rule): rule.name
        case .hops(let rule): "\(rule.name)+hops"
        case .overlap: "overlap"
        case .leaveOneOut: "leave-one-out"
        case .attention: "attention"
        case .cited: "cited"
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
        case .attention: try attention()
        case .cited: try await cited()
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

    private func attention() throws -> [Double] {
        let weights = try reading.attention(of: prompt.tokens.count - 1..<reading.tokens.count)
        return prompt.documents.map { document in
            Set(prompt.tokens(overlapping: document.spans).joined()).reduce(0) { $0 + weights[$1] }
        }
    }

    /// The document that is named first has the highest score; one that isn't named has none.
    private func cited() async throws -> [Double] {
        let request = "Which documents does this answer rest on? Name each by its number in brackets, such as [1]."
        let asked = try model.prompt(
            item.messages + [.assistant(text), .user(request)], options: TemplateOptions(documents: item.documents))
        var reply = ""
        for try await step in try session.generate(
            asked, strategy: Greedy(), limits: GenerationLimits(maximumTokens: Self.citationLength))
        {
            reply += step.text
        }
        let named = reply.matches(of: /\[(\d+)/).compactMap { Int($0.1) }
        return item.documents.indices.map { index in
            named.firstIndex(of: index + 1).map { 1 / Double($0 + 1) } ?? 0
        }
    }

    /// Tokens in which the model may name documents.
    static let citationLength = 24

    /// The answer's log-probability with each of some draws of the documents, each of which is left out in half of them.
    func ablations(count: Int) async throws -> [CitationRun.Ablation] {
        var generator = SeededGenerator(seed: UInt64(item.documents.count))
        var ablations: [CitationRun.Ablation] = []
        for _ in 0..<count {
            let kept = item.documents.indices.filter { _ in Bool.random(using: &generator) }
            let logProbability = try await logProbability(kept.map { item.documents[$0] })
            ablations.append(.init(kept: kept, logProbability: logProbability))
        }
        return ablations
    }

    private func logProbability(_ documents: [ChatDocument]) async throws -> Double {
        let prompt = try model.prompt(item.messages, options: TemplateOptions(documents: documents))
        return try await session.logProbability(of: tokens.map(\.id), after: prompt)
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
