import AttributionGuidedDecoding

extension ModelBenchmark {
    /// A way of decoding whose time is measured.
    public enum Variant: String, Sendable, CaseIterable, Codable {
        case greedy
        /// Guided at every step by the region's relevance: one tangent lane.
        case agd
        /// Guided at every step by the excess: two tangent lanes.
        case excess = "agd-excess"
        /// Guided at one of ``ModelBenchmark/Options/gatePeriod`` steps, as behind an entropy gate; tangents with each step.
        case gatedEager = "agd-gated-eager"
        /// The same; tangents caught up when the gate opens.
        case gatedDeferred = "agd-gated-deferred"
        /// Contrasted with the prompt that lacks the region (context-aware decoding): a second sequence in the same batch.
        case cad
        /// Guided at every step as in the paper: a backward pass through the whole context for each candidate.
        case reverse = "agd-reverse"

        /// Steps that are enough to know the time of one.
        var stepLimit: Int { self == .reverse ? 3 : .max }

        /// Of each step's distribution the five most probable tokens are candidates, so that k is the same throughout.
        func strategy(
            guidingTo region: RegionOfInterest, of prompt: Prompt, _ model: LanguageModel, _ options: Options
        ) throws -> any DecodingStrategy {
            let candidates = CandidateRule(count: 5, minimumProbability: 0)
            func guided(_ score: AttributionGuided.Score = .sum, _ tangents: TangentSchedule = .withEachStep)
                -> AttributionGuided
            {
                AttributionGuided(
                    region: region, score: score, candidates: candidates, entropyThreshold: nil, tangents: tangents)
            }
            switch self {
            case .greedy: return Greedy(candidates: candidates)
            case .agd: return guided()
            case .excess: return guided(.excess)
            case .gatedEager: return PeriodicallyGuided(guided(), period: options.gatePeriod)
            case .gatedDeferred: return PeriodicallyGuided(guided(.sum, .whenAsked), period: options.gatePeriod)
            case .cad:
                // One token at least has to be left.
                let others = prompt.tokens.indices.filter {
                    region.weight(at: $0) == 0 || $0 == prompt.tokens.count - 1
                }
                return ContextAware(
                    without: try model.prompt(tokens: others.map { prompt.tokens[$0] }), candidates: candidates)
            case .reverse:
                // The first step is not measured, so it need not be paid for.
                return PeriodicallyGuided(
                    ReverseGuided(guided(), model: model, options: .init(threadCount: options.threadCount)),
                    first: 1, period: 1)
            }
        }
    }
}

/// Guides every `period`-th step from `first` on, counted from 0, and decodes greedily in between.
private struct PeriodicallyGuided: DecodingStrategy {
    private var guided: any DecodingStrategy
    private var greedy = Greedy()
    private let first, period: Int
    private var step = 0

    init(_ guided: any DecodingStrategy, first: Int? = nil, period: Int) {
        (self.guided, self.first, self.period) = (guided, first ?? period - 1, period)
    }

    var name: String { guided.name }
    var regions: [RegionOfInterest] { guided.regions }
    var rule: PropagationRule { guided.rule }
    var tangents: TangentSchedule { guided.tangents }

    mutating func choose(_ context: borrowing DecodingContext) throws -> Choice {
        defer { step += 1 }
        let isGuided = step >= first && (step - first) % period == 0
        return isGuided ? try guided.choose(context) : greedy.choose(context)
    }
}
