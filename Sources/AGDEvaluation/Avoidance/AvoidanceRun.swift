import AGDInsight
import AttributionGuidedDecoding
import Foundation

/// How well words are kept out of replies, and what the replies are worth, by several methods over the same questions.
public struct AvoidanceRun {
    /// A reply to an item.
    public struct Result: Sendable, Codable {
        /// The item's, and the model's file.
        public var id, model: String
        /// The method, by name.
        public var method: String
        /// What the model said.
        public var reply: String
        /// Whether it has the word, as a whole word in any case, and as a part of another.
        public var hasWord, hasLetters: Bool
        /// Mean negative log-probability of the reply's tokens after the question alone, in nats.
        public var surprise: Double
        /// Share of tokens that end a sequence of four that was there before.
        public var repeatedShare: Double
        /// Its tokens.
        public var tokenCount: Int
        /// Steps at which the model would have said the word, and those of them at which it had begun it.
        public var avoidedSteps, begunSteps: Int
    }

    private let model: LanguageModel
    private let threadCount, maximumTokens: Int
    private var file: ResultFile<Result>

    /// Finished replies.
    public var results: [Result] { file.results }

    /// - Parameter path: where results are kept; what it has is not computed again.
    /// - Throws: ``EvaluationError`` for a file that holds something else.
    public init(_ model: LanguageModel, threadCount: Int, maximumTokens: Int = 48, path: String) throws {
        (self.model, self.threadCount, self.maximumTokens) = (model, threadCount, maximumTokens)
        file = try ResultFile(resuming: path, of: "agd avoidance")
    }

    /// Measures what is missing.
    /// - Parameter progress: called with the number of items done.
    /// - Throws: ``EvaluationError``; errors of rendering and computing.
    public mutating func measure(
        _ items: [AvoidanceItem], by methods: [AvoidanceMethod], progress: (Int) -> Void
    ) async throws {
        guard let tokenizer = model.tokenizer else { throw AvoidanceError.noVocabulary }
        let session = try Session(
            model,
            options: .init(contextLength: min(model.configuration.contextLength, 1024), threadCount: threadCount))
        var done = Set(results.filter { $0.model == model.path }.map { [$0.id, $0.method] })
        for (index, item) in items.enumerated() {
            progress(index)
            for method in methods where done.insert([item.id, method.rawValue]).inserted {
                try file.append(try await measured(item, method, tokenizer, session))
            }
        }
        progress(items.count)
    }

    private func measured(
        _ item: AvoidanceItem, _ method: AvoidanceMethod, _ tokenizer: Tokenizer, _ session: Session
    ) async throws -> Result {
        let reply = try await ComparedReply.decode(
            model.prompt(item.messages(isForbidden: method.hasMessage)), by: method.decoding(),
            regions: method.regions(item), constraints: method.constraints(item, tokenizer),
            maximumTokens: maximumTokens, in: session)
        let question = try model.prompt(item.messages(isForbidden: false))
        let avoided = reply.steps.filter { $0.avoided != nil }
        return Result(
            id: item.id, model: model.path, method: method.rawValue, reply: reply.text,
            hasWord: ReplyCheck(kind: .includes, values: [item.word]).holds(for: reply.text),
            hasLetters: reply.text.lowercased().contains(item.word.lowercased()),
            surprise: try await reply.surprise(after: question, in: session), repeatedShare: reply.repeatedShare,
            tokenCount: reply.steps.count, avoidedSteps: avoided.count,
            begunSteps: avoided.count { Self.goesOn($0.avoided, tokenizer) })
    }

    /// Whether a token carries a word on that was begun before it.
    private static func goesOn(_ token: Int?, _ tokenizer: Tokenizer) -> Bool {
        guard let token, let first = tokenizer.text(of: token).unicodeScalars.first else { return false }
        return first.properties.isLowercase
    }
}

/// The figures of an ``AvoidanceRun``, method by method; intervals are 95 % bootstrap over items.
public struct AvoidanceReport: Sendable, Encodable {
    /// One method's figures.
    public struct Row: Sendable, Encodable {
        /// By name.
        public var method: String
        /// Replies.
        public var itemCount: Int
        /// Share of replies with the word, and with its letters, as a part of another word too.
        public var hasWord, hasLetters: Estimate
        /// Exponential of the mean surprise: the perplexity of the replies after the question alone.
        public var perplexity: Double
        /// Share of repeated tokens.
        public var repeated: Estimate
        /// Mean length in tokens.
        public var tokenCount: Double
        /// Steps at which the model would have said the word, and those at which it had begun it, in all replies.
        public var avoidedSteps, begunSteps: Int
    }

    /// In the methods' order.
    public var rows: [Row]

    /// - Parameter results: of one model.
    public init(_ results: [AvoidanceRun.Result]) {
        rows = AvoidanceMethod.allCases.compactMap { method in
            let replies = results.filter { $0.method == method.rawValue }
            guard !replies.isEmpty else { return nil }
            func mean(_ value: (AvoidanceRun.Result) -> Double) -> Double {
                replies.reduce(0) { $0 + value($1) } / Double(replies.count)
            }
            return Row(
                method: method.rawValue, itemCount: replies.count,
                hasWord: Estimate(replies.map { $0.hasWord ? 1 : 0 }),
                hasLetters: Estimate(replies.map { $0.hasLetters ? 1 : 0 }), perplexity: exp(mean(\.surprise)),
                repeated: Estimate(replies.map(\.repeatedShare)), tokenCount: mean { Double($0.tokenCount) },
                avoidedSteps: replies.reduce(0) { $0 + $1.avoidedSteps },
                begunSteps: replies.reduce(0) { $0 + $1.begunSteps })
        }
    }
}
