import AttributionGuidedDecoding

extension Tuning {
    /// What is tried where nothing else is asked for, the cheaper first: of methods that are as good the first is taken.
    public static let standardMethods: [DecodingMethod] =
        [.greedy, .regionPrompt, .attentionBoost(.init(multiplier: 5))]
        + AttributionGuided.Score.allCases.flatMap { score in
            [AttributionGuided.paperEntropyThreshold, 1, nil].map { threshold in
                .guided(.init(Guidance(score: score, entropyThreshold: threshold)))
            }
        } + [
            .boostGuided(.init(among: .init(multiplier: 5))),
            .blended(.init(Guidance(entropyThreshold: nil))),
            .adaptiveContextAware(.init()),
            .contextAware(.init(alpha: 0.5)),
            .contextAware(.init(alpha: 1)),
            .contrastGuided(.init(among: .init(alpha: 0.5))),
            .contrastGuided(.init(among: .init(alpha: 1))),
        ]
}
