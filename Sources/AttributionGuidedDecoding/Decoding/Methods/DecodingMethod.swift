/// A way of decoding, with the settings that it has and no others: what decides, beside model, prompt and regions, what comes out.
public enum DecodingMethod: Sendable, Hashable {
    /// The most probable token.
    case greedy
    /// A draw; see ``Sampling``.
    case sample(Sampling.Options)
    /// Attribution-guided decoding; see ``AttributionGuided``.
    case guided(Guidance)
    /// Context-aware decoding, which takes away `alpha` of what the model would say without the region; see ``ContextAware``.
    case contextAware(alpha: Double)
    /// DoLa; see ``LayerContrast``.
    case layerContrast(layers: LayerContrast.Layers, plausibility: Double, repetitionPenalty: Double)
    /// Guidance in words: the region is emphasised in the prompt (see ``RegionEdit/importance``), which is decoded greedily.
    case regionPrompt

    /// Names of the methods, as command lines, requests, outputs and run files have them.
    public enum Name: String, Sendable, CaseIterable, Codable {
        /// The most probable token, a draw, or attribution-guided decoding.
        case greedy, sample, agd
        /// The same by one backward pass for each candidate, as the paper does.
        case agdReverse = "agd-reverse"
        /// Scores added to the model's logits.
        case agdBlend = "agd-blend"
        /// Context-aware decoding, or DoLa.
        case cad, dola
        /// Guidance in words.
        case regionPrompt = "region-prompt"

        /// Whether the method does something about a region, so that there has to be one.
        public var needsRegion: Bool {
            switch self {
            case .greedy, .sample, .dola: false
            case .agd, .agdReverse, .agdBlend, .cad, .regionPrompt: true
            }
        }
    }

    /// The method's name.
    public var name: Name {
        switch self {
        case .greedy: .greedy
        case .sample: .sample
        case .guided(let guidance):
            switch guidance.choice {
            case .best: .agd
            case .bestByReverse: .agdReverse
            case .blended: .agdBlend
            }
        case .contextAware: .cad
        case .layerContrast: .dola
        case .regionPrompt: .regionPrompt
        }
    }

    /// How relevance propagates; nil for methods that don't ask for it.
    public var rule: PropagationRule? { guidance?.rule }

    /// The settings of attribution-guided decoding; nil for other methods.
    public var guidance: Guidance? {
        if case .guided(let guidance) = self { guidance } else { nil }
    }
}

/// How attribution guides: the settings of ``DecodingMethod/guided(_:)``.
public struct Guidance: Sendable, Hashable {
    /// What is done with candidates' scores.
    public enum Choice: Sendable, Hashable {
        /// The candidate with the largest score, all scored by one forward pass; see ``AttributionGuided``.
        case best(CandidateRule, TangentSchedule)
        /// The same, with a backward pass for each candidate, as in the paper; see ``ReverseGuided``.
        case bestByReverse(CandidateRule)
        /// The score weighed against probability; see ``BlendedGuidance``.
        case blended(lambda: Double, plausibility: Double, TangentSchedule)
    }

    /// How relevance propagates.
    public var rule: PropagationRule
    /// What candidates are ranked by.
    public var score: AttributionGuided.Score
    /// In nats; nil guides every step.
    public var entropyThreshold: Double?
    /// How scores decide.
    public var choice: Choice

    /// Guidance by its settings, by default the paper's.
    public init(
        rule: PropagationRule = .attnLRP, score: AttributionGuided.Score = .sum,
        entropyThreshold: Double? = AttributionGuided.paperEntropyThreshold,
        choice: Choice = .best(CandidateRule(), .withEachStep)
    ) {
        self.rule = rule
        self.score = score
        self.entropyThreshold = entropyThreshold
        self.choice = choice
    }

    func strategy(
        guidingTo region: RegionOfInterest, _ model: LanguageModel, reverse: ReverseAttribution.Options
    ) -> any DecodingStrategy {
        func guided(
            _ candidates: CandidateRule = CandidateRule(), _ tangents: TangentSchedule = .withEachStep
        ) -> AttributionGuided {
            AttributionGuided(
                region: region, rule: rule, score: score, candidates: candidates, entropyThreshold: entropyThreshold,
                tangents: tangents)
        }
        switch choice {
        case .best(let candidates, let tangents): return guided(candidates, tangents)
        case .bestByReverse(let candidates):
            return ReverseGuided(guided(candidates), model: model, options: reverse)
        case .blended(let lambda, let plausibility, let tangents):
            return BlendedGuidance(
                guided(CandidateRule(), tangents), lambda: lambda, plausibility: plausibility)
        }
    }
}

extension DecodingMethod {
    /// What is to be decoded, and by which strategy: methods that guide by words have a prompt of their own.
    ///
    /// - Parameters:
    ///   - marked: a prompt and the region in it.
    ///   - model: the model that generates.
    ///   - reverse: options of backward passes, for `agd-reverse`.
    /// - Throws: ``DecodingOptionError`` for a method that needs a region where there is none, and for layers that the model
    ///   lacks; ``RegionError`` for a region that can't be edited.
    public func decoding(
        of marked: MarkedPrompt, with model: LanguageModel, reverse: ReverseAttribution.Options = .init()
    ) throws -> (prompt: Prompt, strategy: any DecodingStrategy) {
        if name.needsRegion, marked.specifications.isEmpty { throw DecodingOptionError.needsRegion(name) }
        switch self {
        case .greedy: return (marked.prompt, Greedy())
        case .sample(let options): return (marked.prompt, Sampling(options))
        case .guided(let guidance):
            return (marked.prompt, guidance.strategy(guidingTo: marked.region, model, reverse: reverse))
        case .contextAware(let alpha):
            return (marked.prompt, ContextAware(without: try model.prompt(.remove, of: marked), alpha: alpha))
        case .layerContrast(let layers, let plausibility, let repetitionPenalty):
            return (
                marked.prompt,
                try LayerContrast(
                    model, layers: layers, plausibility: plausibility, repetitionPenalty: repetitionPenalty)
            )
        case .regionPrompt: return (try model.prompt(.importance, of: marked), Greedy())
        }
    }
}
