/// Constraints in the course of a completion.
package struct ConstraintState {
    private let constraints: DecodingConstraints
    private let endTokens: [Int]
    private let grammar: GrammarState?
    private var avoidance: AvoidanceState?
    /// How often the completion has each token.
    private var counts: [Int: Int] = [:]
    private var length = 0

    /// Nothing is asked.
    package init() {
        constraints = DecodingConstraints()
        endTokens = []
        grammar = nil
    }

    /// - Parameters:
    ///   - tokenizer: tells which tokens end a completion, and what they say.
    ///   - prompt: the last tokens before the completion.
    /// - Throws: ``GrammarError`` for a grammar that can't be read; ``AvoidanceError/noVocabulary``.
    package init(
        _ constraints: DecodingConstraints, tokenizer: Tokenizer?, after prompt: some Sequence<Int> = []
    ) throws {
        if let rules = constraints.grammar {
            guard let tokenizer else { throw GrammarError.noVocabulary }
            grammar = try GrammarState(rules.text, tokenizer: tokenizer)
        } else {
            grammar = nil
        }
        if !constraints.avoided.isEmpty {
            guard let tokenizer else { throw AvoidanceError.noVocabulary }
            avoidance = AvoidanceState(constraints.avoided, tokenizer: tokenizer, after: prompt)
        }
        self.constraints = constraints
        endTokens =
            constraints.minimumTokens > 0
            ? tokenizer.map { tokenizer in (0..<tokenizer.tokenCount).filter(tokenizer.endsGeneration) } ?? [] : []
    }

    /// Whether a token without probability must not be chosen by any strategy.
    var forbidsTokens: Bool { grammar != nil || avoidance != nil }

    /// Whether a token would say what is to be avoided.
    func avoids(_ token: Int) -> Bool { avoidance?.forbidden.contains(token) ?? false }

    /// What may follow, and how probable it is.
    /// - Throws: ``GrammarError/stuck``; ``AvoidanceError/nothingLeft``.
    func applied(to distribution: Distribution) throws -> Distribution {
        let biases = biases
        let forbidden = length < constraints.minimumTokens ? endTokens : []
        let avoided = avoidance?.forbidden ?? []
        guard !biases.isEmpty || !forbidden.isEmpty || !avoided.isEmpty || grammar != nil else { return distribution }
        return try distribution.edited { logits in
            // A token that has no probability gets none by its bias.
            for (token, bias) in biases where logits[token] != Distribution.impossible { logits[token] += Float(bias) }
            guard grammar?.restrict(&logits) ?? true else { throw GrammarError.stuck }
            for token in avoided { logits[token] = Distribution.impossible }
            guard logits.contains(where: { $0 != Distribution.impossible }) else { throw AvoidanceError.nothingLeft }
            // Where a grammar is complete nothing but the end is left, however short the completion.
            var longer = logits
            for token in forbidden { longer[token] = Distribution.impossible }
            if longer.contains(where: { $0 != Distribution.impossible }) { logits = longer }
        }
    }

    /// The completion goes on with a token.
    mutating func append(_ token: Int) {
        grammar?.accept(token)
        avoidance?.append(token)
        counts[token, default: 0] += 1
        length += 1
    }

    private var biases: [Int: Double] {
        let (presence, frequency) = (constraints.presencePenalty, constraints.frequencyPenalty)
        guard presence != 0 || frequency != 0 else { return constraints.logitBias }
        return constraints.logitBias.merging(
            counts.mapValues { -presence - frequency * Double($0) }, uniquingKeysWith: +)
    }
}
