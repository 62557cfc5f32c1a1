import AttributionGuidedDecoding

/// The signal of prohibitions over many prompts (Komorowski et al., arXiv 2509.26307, section 4.3): where a forbidden word is
/// a candidate, does the prohibition carry more relevance for it than for the other candidates, or less, and in which layers?
///
/// Of each prompt counts the first step of greedy decoding at which a forbidden word is one of several candidates.
public struct Prohibition: Sendable, Encodable {
    /// A quantity of the forbidden word and of the other candidates, as means over prompts.
    public struct Comparison: Sendable, Encodable {
        /// `others` is the mean over the step's other candidates.
        public var forbidden, others: Estimate
        /// `forbidden - others` of each prompt.
        public var difference: Estimate
        /// Share of prompts at which the forbidden word's is the lower.
        public var lower: Estimate

        init(_ pairs: [(forbidden: Double, others: Double)]) {
            forbidden = Estimate(pairs.map(\.forbidden))
            others = Estimate(pairs.map(\.others))
            difference = Estimate(pairs.map { $0.forbidden - $0.others })
            lower = Estimate(pairs.map { $0.forbidden < $0.others ? 1 : 0 })
        }
    }

    /// The model's name, and how relevance propagated.
    public var model, rule: String
    /// Prompts that were looked at.
    public var promptCount: Int
    /// Prompts with a step that counts.
    public var stepCount: Int
    /// The model's, over the whole vocabulary.
    public var probability: Comparison
    /// S(c, R), in logits.
    public var relevance: Comparison
    /// S(c, R) as a share of the relevance of all tokens.
    public var share: Comparison
    /// Relevance of the residual stream at the region's tokens, at each layer's input and after the last.
    public var layers: [Comparison]

    /// - Parameters:
    ///   - regions: specifications for all prompts; where empty, each prompt's own.
    ///   - answerLength: tokens decoded at most.
    ///   - progress: called with the fraction that is done; it may throw to stop.
    /// - Throws: ``ItemError`` for a prompt without a region, and where none can be used; ``RegionError`` and ``PromptError``
    ///   for one that can't be read; ``TensorGraphError`` and ``InferenceError``, where relevance can't be computed; what
    ///   `progress` throws.
    public init(
        _ model: LanguageModel, _ items: [ProhibitionItem], regions: [RegionSpecification] = [],
        rule: PropagationRule = .attnLRP,
        candidates: CandidateRule = CandidateRule(), answerLength: Int = 64,
        options: ReverseAttribution.Options = ReverseAttribution.Options(), progress: (Double) throws -> Void = { _ in }
    ) async throws {
        var found: [(forbidden: Contrast.Candidate, others: [Contrast.Candidate])] = []
        for (index, item) in items.enumerated() {
            let (prompt, region) = try item.prompt.resolve(model, regions: regions)
            guard !region.isEmpty else {
                throw ItemError.noRegion(item: index + 1)
            }
            let steps = try await Self.steps(model, prompt, item, candidates, answerLength, options.threadCount)
            if let (steps, forbidden) = steps, let last = steps.last?.position {
                let contrast = try Contrast(
                    steps, after: prompt, region: region, rule: rule, model: model, where: { $0.position == last },
                    options: options)
                let candidates = contrast.steps[0].candidates
                let (named, others) = (
                    candidates.filter { $0.id == forbidden }, candidates.filter { $0.id != forbidden }
                )
                found.append((named[0], others))
            }
            try progress(Double(index + 1) / Double(items.count))
        }
        guard let first = found.first else {
            throw ItemError.noneUsable(problem: "a forbidden word is never one of several candidates")
        }
        func comparison(_ value: (Contrast.Candidate) -> Double) -> Comparison {
            Comparison(
                found.map { (value($0.forbidden), $0.others.map(value).reduce(0, +) / Double($0.others.count)) })
        }
        self.model = model.configuration.name ?? model.path
        self.rule = rule.name
        promptCount = items.count
        stepCount = found.count
        probability = comparison(\.probability)
        relevance = comparison(\.relevance)
        share = comparison(\.share)
        layers = first.forbidden.byLayer.indices.map { layer in comparison { $0.byLayer[layer] } }
    }

    /// Greedy decoding up to the step at which a forbidden word is one of several candidates, and its token there.
    private static func steps(
        _ model: LanguageModel, _ prompt: Prompt, _ item: ProhibitionItem, _ rule: CandidateRule, _ answerLength: Int,
        _ threadCount: Int
    ) async throws -> (steps: [GenerationStep], forbidden: Int)? {
        guard let tokenizer = model.tokenizer else { throw PromptError.noVocabulary }
        let words = try ForbiddenWords(item.forbidden, tokenizer)
        var steps: [GenerationStep] = []
        let generation = try model.generate(
            prompt, strategy: Greedy(candidates: rule), limits: GenerationLimits(maximumTokens: answerLength),
            options: Session.Options(
                contextLength: min(model.configuration.contextLength, prompt.tokens.count + answerLength),
                threadCount: threadCount, cacheType: .float32))
        for try await step in generation {
            let continuations = words.continuations(of: steps.map(\.token))
            steps.append(step)
            let candidates = step.choice.candidates.map(\.id)
            if candidates.count > 1, let forbidden = candidates.first(where: continuations.contains) {
                return (steps, forbidden)
            }
        }
        return nil
    }

    /// The relevance of the region by layer.
    public var plot: String {
        func series(_ name: String, _ path: KeyPath<Comparison, Estimate>) -> Plot.Series {
            Plot.Series(name: name, points: layers.enumerated().map { (Double($0), $1[keyPath: path].mean) })
        }
        let lines = [series("other candidates", \.others), series("forbidden word", \.forbidden)]
        let values = lines.flatMap(\.points).map(\.y) + [0]
        return Plot.lines(
            lines, title: "Relevance of the prohibition by layer, \(model), \(stepCount) prompts",
            x: .init(label: "layer whose input it is", ticks: layers.indices.map(Double.init)),
            y: .init(label: "logits", ticks: Set([values.min() ?? 0, 0, values.max() ?? 0]).sorted()))
    }
}
