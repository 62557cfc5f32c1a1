import AttributionGuidedDecoding
import Foundation

/// Attention heads that read the context, and heads that carry what the model knows by heart.
///
/// For each head `D = E[R_h(counterfactual answer)] over open-book prompts - E[R_h(gold answer)] over closed-book prompts`, where
/// R_h sums the positive relevance over the head's output (Kahardipraja et al., arXiv 2505.15807). The largest D are
/// in-context heads, the smallest parametric ones.
public struct HeadIdentification: Sendable, Encodable {
    /// Which heads are looked for.
    public enum Kind: String, Sendable, CaseIterable, Codable {
        /// Heads that read the context.
        case inContext = "in-context"
        /// Heads that carry what the model knows by heart.
        case parametric
    }

    /// A question with the answer that the model should know and another that only the context gives (as in NQ-Swap).
    public struct Item: Sendable, Decodable {
        /// What is asked, the true answer, the one that the context gives, and the context.
        public var question, gold, counterfactual, context: String
        /// How the answer begins before the two answers part, such as "She lives in".
        public var answerPrefix: String?
        /// The message that holds the context: `user` (before the question, the default) or `system`.
        public var contextRole: ContextRole?

        /// Whose message the context is.
        public enum ContextRole: String, Sendable, Decodable {
            /// The user's, or the system message.
            case user, system
        }

        private enum CodingKeys: String, CodingKey {
            case question, gold, counterfactual, context
            case answerPrefix = "answer_prefix"
            case contextRole = "context_role"
        }

        var openBook: [ChatMessage] {
            contextRole == .system ? [.system(context), .user(question)] : [.user("\(context)\n\(question)")]
        }
        var closedBook: [ChatMessage] { [.user(question)] }

        /// The items of a file, one a line.
        /// - Throws: ``ItemError`` naming file and line.
        public static func read(path: String, limit: Int? = nil) throws -> [Item] {
            try JSONLines.read(
                Item.self, path: path, limit: limit,
                expected:
                    "{\"question\": …, \"gold\": …, \"counterfactual\": …, \"context\": …} and perhaps \"answer_prefix\", \"context_role\""
            )
        }
    }

    /// A head of the selection.
    public struct Head: Sendable, Encodable {
        /// Both counted from 0.
        public var layer, head: Int
        /// D.
        public var score: Double
        /// Share of bootstrap resamples that select it.
        public var frequency: Double
    }

    /// The model's name, and how relevance propagated.
    public var model, rule: String
    /// Which heads were looked for.
    public var kind: Kind
    /// Items that D is a mean of.
    public var itemCount: Int
    /// Items whose two answers can't be told apart by one token.
    public var skippedCount: Int
    /// The selection, strongest first.
    public var heads: [Head]
    /// Mean overlap (Jaccard) of the selection with those of bootstrap resamples of the items.
    public var stability: Estimate
    /// D of every head, `[layers][heads]`.
    public var scores: [[Double]]

    /// - Parameters:
    ///   - count: heads to select.
    ///   - progress: called with the fraction that is done; it may throw to stop.
    /// - Throws: ``ItemError`` where no item can be used; ``PromptError`` for one that can't be rendered;
    ///   ``TensorGraphError`` and ``AttributionError``, where relevance can't be computed; what `progress` throws.
    public init(
        _ model: LanguageModel, _ items: [Item], kind: Kind, count: Int, rule: PropagationRule = .attnLRP,
        resamples: Int = 200,
        options: ReverseAttribution.Options = ReverseAttribution.Options(), progress: (Double) throws -> Void = { _ in }
    ) throws {
        var relevances: [Relevances] = []
        for (index, item) in items.enumerated() {
            if let pair = try Self.relevances(model, item, rule, options) { relevances.append(pair) }
            try progress(Double(index + 1) / Double(items.count))
        }
        guard !relevances.isEmpty else {
            throw ItemError.noneUsable(
                problem: "gold and counterfactual answer begin alike; give an answer_prefix that ends where they part")
        }
        self.init(
            relevances, headCount: model.configuration.headCount, kind: kind, count: count, resamples: resamples,
            model: model.configuration.name ?? model.path, rule: rule)
        skippedCount = items.count - relevances.count
    }

    /// R_h of an item for all heads, layer by layer: of the counterfactual answer, open book, and of the gold answer, closed book.
    typealias Relevances = (open: [Double], closed: [Double])

    /// - Parameters:
    ///   - relevances: of at least one item.
    ///   - headCount: heads of a layer.
    init(
        _ relevances: [Relevances], headCount: Int, kind: Kind, count: Int, resamples: Int = 200, model: String,
        rule: PropagationRule = .attnLRP
    ) {
        let differences = relevances.map { pair in zip(pair.open, pair.closed).map { $0 - $1 } }
        func means(_ sample: [Int]) -> [Double] {
            differences[0].indices.map { head in sample.reduce(0) { $0 + differences[$1][head] } / Double(sample.count)
            }
        }
        func selection(_ means: [Double]) -> [Int] {
            let order = means.indices.sorted { kind == .inContext ? means[$0] > means[$1] : means[$0] < means[$1] }
            return Array(order.prefix(count))
        }
        let all = means(Array(differences.indices))
        let selected = selection(all)
        var generator = SeededGenerator(seed: 0)
        let samples = (0..<resamples).map { _ in
            Set(selection(means(Bootstrap.resample(differences.count, &generator))))
        }
        self.model = model
        self.rule = rule.name
        self.kind = kind
        itemCount = differences.count
        skippedCount = 0
        heads = selected.map { head in
            Head(
                layer: head / headCount, head: head % headCount, score: all[head],
                frequency: Double(samples.count { $0.contains(head) }) / Double(max(1, resamples)))
        }
        stability = Estimate(samples.map { Double($0.intersection(selected).count) / Double($0.union(selected).count) })
        scores = all.split(into: headCount)
    }

    /// Nil where the two answers can't be told apart by one token.
    private static func relevances(
        _ model: LanguageModel, _ item: Item, _ rule: PropagationRule, _ options: ReverseAttribution.Options
    ) throws -> Relevances? {
        guard let tokenizer = model.tokenizer else { throw PromptError.noVocabulary }
        func answer(_ text: String) throws -> [Int] {
            try tokenizer.tokenize(item.answerPrefix.map { "\($0) \(text)" } ?? text)
        }
        let (gold, counterfactual) = (try answer(item.gold), try answer(item.counterfactual))
        let shared = zip(gold, counterfactual).prefix { $0 == $1 }.count
        guard shared < gold.count, shared < counterfactual.count else { return nil }

        func relevance(_ messages: [ChatMessage], _ answer: [Int]) throws -> [Double] {
            let tokens = try model.prompt(messages).tokens + answer.prefix(shared)
            let target = AttributionTarget(token: answer[shared], position: tokens.count - 1)
            return try ReverseAttribution(model, tokens: tokens, options: options)
                .attribute([target], rule: rule)[0].heads.flatMap(\.positive)
        }
        return (try relevance(item.openBook, counterfactual), try relevance(item.closedBook, gold))
    }
}
