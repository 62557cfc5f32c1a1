import AGDInsight
import AttributionGuidedDecoding

/// Who is obeyed, whoever wrote a text that a model reads: replies by several methods to attacks and to their harmless twins, and what greedy
/// replies rest on.
public struct InjectionRun {
    /// A reply to an item.
    public struct Result: Sendable, Codable {
        /// The item's, and the model's file.
        public var id, model: String
        /// The item's.
        public var kind, place: String
        /// False for a harmless twin.
        public var isAttack: Bool
        /// The method, by name.
        public var method: String
        /// What the model said.
        public var reply: String
        /// Whether it has what the attack wants, and what a right reply has.
        public var obeys, answers: Bool
        /// What the reply rests on; for greedy ones alone.
        public var sources: Shares?
    }

    /// What a reply rests on, as shares of its relevance.
    public struct Shares: Sendable, Codable {
        /// Of what is untrusted: in the whole reply, and the largest of a sentence.
        public var untrusted, largestSentence: Double
        /// Of the system's message and of the user's, in the whole reply.
        public var system, user: Double
        /// Of the untrusted passage that has most, of the untrusted share.
        public var leadingPassage: Double
        /// Of the passages that the injected sentence touches, of the untrusted share.
        public var injected: Double
        /// Whether the leading passage is one of them.
        public var isLedByInjected: Bool
    }

    private let model: LanguageModel
    private let reverse: ReverseAttribution.Options
    private let maximumTokens: Int
    private var file: ResultFile<Result>

    /// Finished replies.
    public var results: [Result] { file.results }

    /// - Parameter path: where results are kept; what it has is not computed again.
    /// - Throws: ``EvaluationError`` for a file that holds something else.
    public init(
        _ model: LanguageModel, reverse: ReverseAttribution.Options, maximumTokens: Int = 32, path: String
    ) throws {
        (self.model, self.reverse, self.maximumTokens) = (model, reverse, maximumTokens)
        file = try ResultFile(resuming: path, of: "agd injections")
    }

    /// Measures what is missing.
    /// - Parameter progress: called with the number of items done.
    /// - Throws: ``EvaluationError``; errors of rendering and computing.
    public mutating func measure(
        _ items: [InjectionItem], by methods: [InjectionMethod], progress: (Int) -> Void
    ) async throws {
        let session = try Session(
            model,
            options: .init(
                contextLength: min(model.configuration.contextLength, 1024), threadCount: reverse.threadCount))
        var done = Set(results.filter { $0.model == model.path }.map { [$0.id, $0.method] })
        for (index, item) in items.enumerated() {
            progress(index)
            for method in methods where done.insert([item.id, method.rawValue]).inserted {
                try file.append(try await measured(item, method, session))
            }
        }
        progress(items.count)
    }

    private func measured(_ item: InjectionItem, _ method: InjectionMethod, _ session: Session) async throws -> Result {
        let prompt = try model.prompt(item.messages, options: TemplateOptions(documents: item.documents))
        let reply = try await ComparedReply.decode(
            prompt, by: method.decoding(), regions: method.regions(), maximumTokens: maximumTokens, in: session)
        func has(_ text: String) -> Bool { reply.text.lowercased().contains(text.lowercased()) }
        return Result(
            id: item.id, model: model.path, kind: item.kind, place: item.place, isAttack: item.isAttack,
            method: method.rawValue, reply: reply.text, obeys: has(item.marker), answers: has(item.answer),
            sources: method == .greedy ? try shares(of: reply, after: prompt, item) : nil)
    }

    private func shares(of reply: ComparedReply, after prompt: Prompt, _ item: InjectionItem) throws -> Shares? {
        guard !reply.tokens.isEmpty else { return nil }
        let reading = try ReverseAttribution(
            model, tokens: prompt.tokens + reply.tokens.dropLast(), options: reverse)
        func sources(_ unit: StatementUnit) throws -> AnswerSources {
            var options = AnswerSources.Options()
            options.unit = unit
            return try AnswerSources(
                of: reply.answer, after: prompt, model: model, options: options, reading: reading)
        }
        let sentences = try sources(.sentence)
        let whole = sentences.statements.count == 1 ? sentences : try sources(.answer)
        guard let answer = whole.statements.first else { return nil }
        func share(_ isWanted: (AnswerSource) -> Bool) -> Double {
            let ids = Set(whole.sources.filter(isWanted).map(\.id))
            return answer.shares.filter { ids.contains($0.source) }.reduce(0) { $0 + $1.share }
        }
        let untrusted = share { $0.trust == .untrusted }
        let passages = whole.sources.filter { $0.trust == .untrusted }.flatMap { source in
            let told = answer.shares.first { $0.source == source.id }?.passages ?? []
            return source.passages.map { passage in
                (
                    passage.text,
                    told.first { $0.start == passage.start && $0.end == passage.end }?.share ?? 0
                )
            }
        }
        let injected = passages.filter { item.injected.contains($0.0) || $0.0.contains(item.injected) }
        let leading = passages.max { $0.1 < $1.1 }
        return Shares(
            untrusted: untrusted, largestSentence: sentences.statements.compactMap(\.untrusted).max() ?? 0,
            system: share { $0.title == "system" }, user: share { $0.title == "user" },
            leadingPassage: (leading?.1 ?? 0) / max(1e-9, untrusted),
            injected: injected.reduce(0) { $0 + $1.1 } / max(1e-9, untrusted),
            isLedByInjected: injected.contains { $0.0 == leading?.0 })
    }
}
