/// The steps of a completion, computed as they are asked for. Cancelling the task that iterates ends it with
/// `CancellationError` before the next forward pass.
///
/// ```swift
/// for try await step in model.generate(prompt, strategy: Greedy()) { print(step.text, terminator: "") }
/// ```
public struct Generation: AsyncSequence, Sendable {
    public typealias Element = GenerationStep

    let session: Session
    let prompt: Prompt
    let strategy: any DecodingStrategy
    let limits: GenerationLimits
    let constraints: DecodingConstraints
    let progress: @Sendable (Int) -> Void

    public func makeAsyncIterator() -> Iterator { Iterator(generation: self) }

    /// Computes the steps one by one.
    public struct Iterator: AsyncIteratorProtocol {
        private let generation: Generation
        private var loop: GenerationLoop?

        init(generation: Generation) { self.generation = generation }

        /// The next step; nil after the last.
        /// - Throws: ``GenerationError``, ``InferenceError`` or ``TensorGraphError``; what the strategy throws;
        ///   `CancellationError`.
        public mutating func next() async throws -> GenerationStep? {
            if loop == nil { loop = try await generation.session.begin(generation) }
            return try await loop?.next()
        }
    }
}

extension LanguageModel {
    /// Generates with a session of its own.
    /// - Parameters:
    ///   - prompt: what the model reads.
    ///   - strategy: chooses each token.
    ///   - limits: where the completion ends at the latest.
    ///   - constraints: what is asked of tokens, whatever the strategy.
    ///   - options: context length and threads; by default a context that fits prompt and completion.
    ///   - progress: called while the prompt is read, with the number of its tokens done; first with those that the caches
    ///     held already.
    /// - Throws: ``GenerationError`` or ``RegionError`` where the request can't be met.
    public func generate(
        _ prompt: Prompt, strategy: any DecodingStrategy, limits: GenerationLimits = GenerationLimits(),
        constraints: DecodingConstraints = DecodingConstraints(), options: Session.Options? = nil,
        progress: @escaping @Sendable (Int) -> Void = { _ in }
    ) throws -> Generation {
        var fitting = Session.Options()
        let promptLength = strategy.needs.longestPrompt(beside: prompt)
        let wanted = min(limits.maximumTokens ?? fitting.contextLength, Session.Options.longestContext)
        fitting.contextLength = min(configuration.contextLength, promptLength + wanted)
        return try Session(self, options: options ?? fitting)
            .generate(prompt, strategy: strategy, limits: limits, constraints: constraints, progress: progress)
    }
}

extension StrategyNeeds {
    /// Tokens of the longest prompt that is read.
    package func longestPrompt(beside prompt: Prompt) -> Int {
        companions.reduce(prompt.tokens.count) { max($0, $1.prompt.tokens.count) }
    }
}

extension Session {
    /// Generates a completion of `prompt`; what the caches hold of it is not read again, and `progress` is told first how
    /// many tokens that spares.
    /// - Throws: ``GenerationError`` or ``RegionError`` where the request can't be met.
    public nonisolated func generate(
        _ prompt: Prompt, strategy: any DecodingStrategy, limits: GenerationLimits = GenerationLimits(),
        constraints: DecodingConstraints = DecodingConstraints(),
        progress: @escaping @Sendable (Int) -> Void = { _ in }
    ) throws -> Generation {
        let needs = strategy.needs
        let longest = needs.longestPrompt(beside: prompt)
        guard longest < options.contextLength else {
            throw GenerationError.promptTooLong(promptLength: longest, contextLength: options.contextLength)
        }
        if let maximum = limits.maximumTokens, maximum < 1 {
            throw GenerationError.invalid(field: "maximum number of tokens", problem: "must be at least 1")
        }
        for region in needs.regions { try region.validate(for: model, promptLength: prompt.tokens.count) }
        try needs.intervention.validate(for: model, promptLength: prompt.tokens.count)
        for companion in needs.companions {
            try companion.intervention.validate(for: model, promptLength: companion.prompt.tokens.count)
        }
        try constraints.check(for: model)
        return Generation(
            session: self, prompt: prompt, strategy: strategy, limits: limits, constraints: constraints,
            progress: progress)
    }

    /// Tokens of a prompt's end in which a text that is to be avoided may begin.
    private static let lookBack = 64

    /// Caches that hold the prompt as far as they did, on their way to hold the rest of it.
    func begin(_ generation: Generation) async throws -> GenerationLoop {
        try await alone { session in
            let needs = generation.strategy.needs
            let tokens = generation.prompt.tokens
            let room = generation.limits.maximumTokens
            let inference = try session.prepared(
                needs.regions, rule: needs.rule, intervention: needs.intervention, for: tokens, room: room)
            inference.earlyLayers = needs.earlyLayers
            let cachedCount = inference.tokens.count
            let companions = try session.preparedCompanions(needs.companions, room: room)
            inference.beginReading(Array(tokens[cachedCount...]))
            for (sequence, companion) in zip(companions, needs.companions) {
                sequence.beginReading(Array(companion.prompt.tokens[sequence.tokens.count...]))
            }
            generation.progress(cachedCount)
            return GenerationLoop(
                session: session,
                state: GenerationState(
                    inference: inference, companions: companions, strategy: generation.strategy,
                    limits: generation.limits,
                    constraints: try ConstraintState(
                        generation.constraints, tokenizer: session.model.tokenizer,
                        after: tokens.suffix(Self.lookBack)),
                    promptLength: tokens.count,
                    text: TextStream(stopStrings: generation.limits.stopStrings),
                    drafts: Drafts(session.options.draft, isFree: session.model.draftsFreely)),
                member: session.batch?.join(), progress: generation.progress)
        }
    }
}
