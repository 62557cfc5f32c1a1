import AttributionGuidedDecoding

/// What each sentence of an answer rests on: the relevance of its tokens' logits, summed, by message, document and passage.
///
/// One pass back serves a whole sentence, since relevance is linear: it starts with the sum of what the sentence's tokens would start
/// with. Relevance under the rule is in units of the logits; as shares it is told among those sources that speak for the sentence.
public struct AnswerSources: Sendable, Encodable {
    /// How sources are found.
    public struct Options: Sendable {
        /// What sources are told for.
        public var unit = StatementUnit.sentence
        /// How relevance propagates.
        public var rule = PropagationRule.attnLRP
        /// Whether relevance of what was generated before is passed on to what that rests on.
        ///
        /// An embedding of a generated token owes nothing to the prompt, although the token was chosen for it. With hops, what a
        /// sentence owes to one before goes to that one's sources, in its shares, and so on back (after FlashTrace, arXiv 2602.01914). No
        /// further pass is needed. It is no longer linear in the tokens' logits.
        public var hops = true
        /// How much of a statement may rest on untrusted messages and documents; nil for anything.
        public var trust: TrustLimit?
        /// Sentences at most; where there are more, neighbours are put together.
        public var sentenceLimit = 64
        /// What the passes back take of the machine.
        public var reverse = ReverseAttribution.Options()

        /// By default for each sentence, with hops.
        public init() {}
    }

    /// How much of a statement rests on a source.
    public struct Share: Sendable, Encodable {
        /// The id of one of ``AnswerSources/sources``.
        public var source: String
        /// Of all relevance that speaks for the statement: from 0 to 1; the shares of all sources add up to 1, unless none speaks
        /// for it.
        public var share: Double
        /// In units of the logits; negative where the source speaks against the statement.
        public var relevance: Double
        /// The passages that speak for it, largest first; at most ``AnswerSources/passageLimit``.
        public var passages: [PassageShare]
    }

    /// How much of a statement rests on a passage.
    public struct PassageShare: Sendable, Encodable {
        /// As in ``AnswerSource/Passage``.
        public var start, end: Int
        /// Its part of the source's share.
        public var share: Double
    }

    /// A sentence, token or the whole answer; or a call of a tool.
    public struct Statement: Sendable, Encodable {
        /// Characters (Unicode scalars) of the answer's text, from the first to past the last.
        public var start, end: Int
        /// What it says.
        public var text: String
        /// Of every source, largest first.
        public var shares: [Share]
        /// Which of the answer's calls of tools it is, counted from 0; nil for text.
        public var call: Int?
        /// The documents' share; nil where there are none.
        public var grounded: Double?
        /// The share of untrusted messages and documents together; nil where there are none.
        public var untrusted: Double?
        /// All relevance that arrives at the tokens, in units of the logits.
        public var relevance: Double
    }

    /// Passages of a source that are told.
    public static let passageLimit = 4

    /// How relevance propagated.
    public let rule: PropagationRule
    /// Whether relevance of what was generated before was passed on.
    public let hops: Bool
    /// What the answer can rest on.
    public let sources: [AnswerSource]
    /// In order.
    public let statements: [Statement]
    /// Whether they rest more on untrusted sources than they may, where that was asked.
    public let trust: TrustCheck?

    /// Finds the sources of an answer.
    /// - Parameters:
    ///   - answer: what was generated after the prompt, from its first token.
    ///   - reading: of prompt and answer, if there is one; it serves several questions.
    ///   - progress: called with the fraction that is done; it may throw to stop.
    /// - Throws: ``TensorGraphError`` and ``InferenceError``, where relevance can't be computed; what `progress` throws.
    public init(
        of answer: [AnswerToken], after prompt: Prompt, model: LanguageModel, options: Options = Options(),
        reading: ReverseAttribution? = nil,
        progress: (Double) throws -> Void = { _ in }
    ) throws {
        let parts = AnswerStatements(answer, by: options.unit, limit: options.sentenceLimit)
        let map = PromptSources(prompt)
        (rule, hops, sources) = (options.rule, options.hops, map.sources)
        // Thoughts have sources too, which hops need.
        let hasThoughts = options.hops && !parts.thoughts.isEmpty
        let spoken = (hasThoughts ? [parts.thoughts] : []) + parts.statements.map(\.tokens)
        guard let last = spoken.joined().max() else {
            statements = []
            trust = options.trust.map { TrustCheck($0, []) }
            return
        }
        let first = prompt.tokens.count
        let reading =
            try reading
            ?? ReverseAttribution(
                model, tokens: prompt.tokens + answer[..<last].map(\.id), options: options.reverse
            ) { try progress($0 * 0.3) }
        var relevance = try reading.relevance(
            ofSums: spoken.map { tokens in
                Dictionary(
                    uniqueKeysWithValues: tokens.map {
                        (AttributionTarget(token: answer[$0].id, position: first + $0 - 1), 1)
                    })
            }, rule: options.rule
        ) { try progress(0.3 + $0 * 0.7) }
        if options.hops {
            relevance = Self.passedOn(relevance, said: spoken.map { tokens in tokens.map { first + $0 } })
        }
        let characters = Array(parts.text.utf8).characterOffsets
        let untrusted = Set(sources.filter { $0.trust == .untrusted }.map(\.id))
        statements = zip(parts.statements, relevance.dropFirst(hasThoughts ? 1 : 0)).map { part, relevance in
            let shares = Self.shares(relevance, map)
            let documents = shares.filter { $0.source.hasPrefix("document:") }
            return Statement(
                start: characters[part.bytes.lowerBound], end: characters[part.bytes.upperBound],
                text: part.call?.text ?? String(decoding: Array(parts.text.utf8)[part.bytes], as: UTF8.self),
                shares: shares, call: part.call?.number,
                grounded: documents.isEmpty ? nil : documents.reduce(0) { $0 + $1.share },
                untrusted: untrusted.isEmpty
                    ? nil : shares.filter { untrusted.contains($0.source) }.reduce(0) { $0 + $1.share },
                relevance: relevance.reduce(0, +))
        }
        trust = options.trust.map { [statements] in TrustCheck($0, statements) }
    }

    /// Relevance of generated tokens, sent on to what they rest on: what a statement owes to one before is divided as that one's
    /// own relevance is, and what it owes to itself as its own.
    /// - Parameters:
    ///   - relevance: of each statement, by position.
    ///   - said: the positions at which each statement stands, statements in order.
    static func passedOn(_ relevance: [[Double]], said: [[Int]]) -> [[Double]] {
        var passed: [[Double]] = []
        for (index, row) in relevance.enumerated() {
            var sum = row
            for earlier in 0..<index {
                let positions = said[earlier].filter { $0 < row.count }
                let owed = positions.reduce(0) { $0 + sum[$1] }
                let total = passed[earlier].reduce(0, +)
                guard owed > 0, total > 0 else { continue }
                for position in positions { sum[position] = 0 }
                for (position, value) in passed[earlier].enumerated() { sum[position] += owed * value / total }
            }
            let own = said[index].filter { $0 < row.count }
            let (owed, total) = (own.reduce(0) { $0 + sum[$1] }, sum.reduce(0, +))
            if owed > 0, total > owed {
                for position in own { sum[position] = 0 }
                for position in sum.indices { sum[position] *= total / (total - owed) }
            }
            passed.append(sum)
        }
        return passed
    }

    /// A statement's relevance by source and passage.
    private static func shares(_ relevance: [Double], _ map: PromptSources) -> [Share] {
        var bySource = Array(repeating: 0.0, count: map.sources.count)
        var byPassage: [PromptSources.Place: Double] = [:]
        for (position, value) in relevance.enumerated() {
            let place = position < map.places.count ? map.places[position] : .init(source: map.sources.count - 1)
            bySource[place.source] += value
            if place.passage != nil { byPassage[place, default: 0] += value }
        }
        let total = bySource.reduce(0) { $0 + max(0, $1) }
        let shares = map.sources.enumerated().map { index, source in
            let share = total > 0 ? max(0, bySource[index]) / total : 0
            let passages = source.passages.enumerated().map { passage, place in
                (place, max(0, byPassage[.init(source: index, passage: passage)] ?? 0))
            }
            let positive = passages.reduce(0) { $0 + $1.1 }
            return Share(
                source: source.id, share: share, relevance: bySource[index],
                passages: passages.filter { $0.1 > 0 && share > 0 }.sorted { $0.1 > $1.1 }.prefix(passageLimit).map {
                    PassageShare(start: $0.0.start, end: $0.0.end, share: share * $0.1 / positive)
                })
        }
        return shares.sorted { $0.share > $1.share }
    }
}
