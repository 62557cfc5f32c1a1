import AttributionGuidedDecoding

/// Why a model said what it said: for each token of a completion the relevance of everything before it.
///
/// Made once, and rendered as a page (``html()``), a plot (``svg(step:)``), text (``text(step:inColor:)``) or data (it is
/// `Encodable`).
public struct Explanation: Sendable, Encodable {
    /// A token of prompt or completion.
    public struct Token: Sendable, Encodable {
        /// The token.
        public var id: Int
        /// As text; the id where the model has no vocabulary.
        public var text: String
        /// Where the text can't be exact, for the token is not whole characters.
        public var bytes: [UInt8]?
        /// Weight in the region of interest; 0 outside.
        public var weight: Double
    }

    /// Tokens whose relevance is also summed: a message, or a region by the name that it was given.
    public struct Part: Sendable, Encodable {
        /// The message's role and number, or the region as it was named.
        public var name: String
        /// Of its tokens, in ``Explanation/tokens``.
        public var positions: [Int]
    }

    /// One token of the completion.
    public struct Step: Sendable, Encodable {
        /// Of the token in ``Explanation/tokens``.
        public var position: Int
        /// The token that greedy decoding would have chosen, as text.
        public var greedy: String
        /// Of the distribution it was chosen from, in nats.
        public var entropy: Double
        /// Whether the choice was made by score.
        public var guided: Bool
        /// Whether it then differed from greedy decoding's.
        public var changedByGuidance: Bool
        /// The candidate set, by falling probability.
        public var candidates: [CandidateReport]
        /// The token's, before softmax: what its relevances are shares of.
        public var logit: Double
        /// Of each token before this one.
        public var relevance: [Double]
        /// Of each part, in the order of ``Explanation/parts``.
        public var parts: [Double]
        /// Of each head, summed over positions, `[layers][heads]`.
        public var heads: [[Double]]
        /// The neurons that carry most, the strongest first; nil where they weren't asked for.
        public var neurons: [Attribution.NeuronRelevance]?
    }

    /// The model's name and family, how tokens were chosen, and how relevance propagated.
    public var model, architecture, strategy, rule: String
    /// The gate in nats; nil where there is none.
    public var entropyThreshold: Double?
    /// Tokens of the prompt: the first of ``tokens``.
    public var promptLength: Int
    /// Of prompt and completion.
    public var tokens: [Token]
    /// What tokens of ``tokens`` are that are no whole characters by themselves.
    public var sharedCharacters: [SharedCharacters]
    /// The prompt's messages, what lies between them, and the regions that were named.
    public var parts: [Part]
    /// One for each token of the completion that is explained.
    public var steps: [Step]
    /// Why the completion ended; nil where it was cut off.
    public var stopReason: StopReason?
}

extension Explanation {
    /// Explains a completion.
    /// - Parameters:
    ///   - steps: the completion, at least one step.
    ///   - step: explains this one alone, counted from 0, as if the completion ended with it; nil explains all.
    ///   - specifications: regions that were named; each becomes a part besides the prompt's messages.
    ///   - neuronCount: neurons to tell of each step; 0 for none.
    ///   - progress: called with the fraction that is done; it may throw to stop.
    /// - Throws: ``TensorGraphError``, ``AttributionError`` and ``InferenceError``, where relevance can't be computed; what
    ///   `progress` throws.
    public init(
        _ steps: [GenerationStep], only step: Int? = nil, after prompt: Prompt, by strategy: any DecodingStrategy,
        model: LanguageModel, region: RegionOfInterest = RegionOfInterest(), specifications: [RegionSpecification] = [],
        entropyThreshold: Double? = nil, neuronCount: Int = 0,
        options: ReverseAttribution.Options = ReverseAttribution.Options(),
        progress: (Double) throws -> Void = { _ in }
    ) throws {
        func text(_ token: Int) -> String { model.tokenizer?.text(of: token) ?? "\(token)" }
        func bytes(_ token: Int) -> [UInt8]? { model.tokenizer?.inexactBytes(of: token) }
        let steps = step.map { Array(steps.prefix($0 + 1)) } ?? steps
        let explained = step == nil ? steps : Array(steps.suffix(1))
        let ids = prompt.tokens + steps.map(\.token)
        let parts = try Self.parts(of: prompt, specifications)
        self.model = model.configuration.name ?? model.path.split(separator: "/").last.map(String.init) ?? model.path
        architecture = model.configuration.architecture
        self.strategy = strategy.name
        rule = strategy.needs.rule.name
        self.entropyThreshold = entropyThreshold
        promptLength = prompt.tokens.count
        self.parts = parts + [Part(name: "completion so far", positions: Array(prompt.tokens.count..<ids.count))]
        tokens = ids.enumerated().map { position, id in
            Token(
                id: id, text: text(id), bytes: bytes(id),
                weight: position < prompt.tokens.count ? region.weight(at: position) : 0)
        }
        sharedCharacters = Self.words(tokens, promptLength: promptLength).filter { $0.positions.count > 1 }.map {
            SharedCharacters(position: $0.positions.lowerBound, count: $0.positions.count, text: $0.text)
        }
        stopReason = steps.last?.stopReason

        let targets = explained.map { AttributionTarget(token: $0.token, position: $0.position - 1) }
        let reading = try ReverseAttribution(model, tokens: Array(ids.dropLast()), options: options) {
            try progress($0 * 0.3)
        }
        let attributions = try reading.attribute(
            targets, rule: strategy.needs.rule, inside: .init(hasNeurons: neuronCount > 0)
        ) { try progress(0.3 + $0 * 0.7) }
        let allParts = self.parts
        self.steps = zip(explained, attributions).map { step, attribution in
            let relevance = Array(attribution.tokens[..<step.position])
            return Step(
                position: step.position, greedy: text(step.greedy), entropy: step.entropy, guided: step.choice.guided,
                changedByGuidance: step.changedByGuidance,
                candidates: step.choice.candidates.map { CandidateReport($0, model: model, unnamed: "\($0.id)") },
                logit: attribution.logit, relevance: relevance,
                parts: allParts.map { part in
                    part.positions.reduce(0) { $0 + ($1 < relevance.count ? relevance[$1] : 0) }
                },
                heads: attribution.heads.map(\.allPositions),
                neurons: neuronCount > 0 ? attribution.strongestNeurons(neuronCount) : nil)
        }
    }

    /// The prompt's messages, what lies between them, and the regions that were named.
    private static func parts(of prompt: Prompt, _ specifications: [RegionSpecification]) throws -> [Part] {
        let messages = prompt.messages.enumerated().map { index, message in
            Part(
                name: "\(message.role) (message \(index))",
                positions: Array(prompt.tokens(overlapping: message.spans).joined()))
        }
        let named = try specifications.compactMap { specification -> Part? in
            let positions = try prompt.region([specification]).tokens.keys.sorted()
            let isKnown = positions.isEmpty || messages.contains { $0.positions == positions }
            return isKnown ? nil : Part(name: specification.description, positions: positions)
        }
        let covered = Set(messages.flatMap(\.positions))
        let rest = prompt.tokens.indices.filter { !covered.contains($0) }
        return messages + named
            + (rest.isEmpty ? [] : [Part(name: messages.isEmpty ? "prompt" : "template", positions: rest)])
    }

    /// The relevance of each token for one step, or summed over all of them.
    func relevance(step: Int?) -> [Double] {
        if let step { return steps[step].relevance }
        return steps.reduce(into: Array(repeating: 0, count: tokens.count)) { sum, step in
            for (position, value) in step.relevance.enumerated() { sum[position] += value }
        }
    }
}
