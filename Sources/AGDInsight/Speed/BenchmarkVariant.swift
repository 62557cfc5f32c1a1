import AttributionGuidedDecoding

extension ModelBenchmark {
    /// A way of decoding whose time is measured.
    public enum Variant: String, Sendable, CaseIterable, Codable {
        /// The most probable token at each step, which the others are measured against.
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

        /// The method, guided at every step: k is five throughout, whatever the candidates' probabilities.
        private var method: DecodingMethod {
            let candidates = CandidateRule(count: 5, minimumProbability: 0)
            func guided(
                _ score: AttributionGuided.Score = .sum, _ tangents: TangentSchedule = .withEachStep
            ) -> DecodingMethod {
                .guided(
                    .init(Guidance(score: score, entropyThreshold: nil), candidates: candidates, tangents: tangents))
            }
            switch self {
            case .greedy: return .greedy
            case .agd, .gatedEager: return guided()
            case .excess: return guided(.excess)
            case .gatedDeferred: return guided(.sum, .whenAsked)
            case .cad: return .contextAware(.init())
            case .reverse: return .reverseGuided(.init(Guidance(entropyThreshold: nil), candidates: candidates))
            }
        }

        func strategy(
            for prompt: MarkedPrompt, _ model: LanguageModel, _ options: Options
        ) throws -> any DecodingStrategy {
            let strategy = try method.decoding(
                of: prompt, with: model, reverse: .init(threadCount: options.threadCount)
            ).strategy
            switch self {
            case .greedy, .agd, .excess, .cad: return strategy
            case .gatedEager, .gatedDeferred: return PeriodicallyGuided(strategy, period: options.gatePeriod)
            // The first step is not measured, so it need not be paid for.
            case .reverse: return PeriodicallyGuided(strategy, first: 1, period: 1)
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
    var needs: StrategyNeeds { guided.needs }

    mutating func choose(_ context: borrowing DecodingContext) throws -> Choice {
        defer { step += 1 }
        let isGuided = step >= first && (step - first) % period == 0
        return isGuided ? try guided.choose(context) : greedy.choose(context)
    }
}
