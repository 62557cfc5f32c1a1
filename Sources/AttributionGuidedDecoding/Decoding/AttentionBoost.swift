import Foundation

/// InstABoost (Guardieiro et al., arXiv 2506.13734): the attention weights of a region's tokens are multiplied, in every layer and
/// head, and normalised again; what the model then finds most probable is taken. The prompt is read so too.
///
/// Weights are those without an attention sink's share, where a model has one (gpt-oss): it is normalised with the others, where the
/// authors' code leaves it what it has.
public struct AttentionBoost: ProposingStrategy {
    public let name = "instaboost"
    /// What is added to the scores of a position: the region's weight times the logarithm of the multiplier.
    public let attentionBias: [Int: Double]
    private var greedy: Greedy

    /// - Parameters:
    ///   - region: tokens of weight w have their attention weights multiplied by the multiplier to the power of w.
    ///   - multiplier: the authors' M; positive. They choose it among 1, 3, 5 … 19 on examples; 1 is greedy.
    ///   - candidates: which tokens are reported beside the one chosen.
    public init(to region: RegionOfInterest, multiplier: Double = 3, candidates: CandidateRule = CandidateRule()) {
        attentionBias = region.tokens.filter { $0.value != 0 }.mapValues { $0 * log(multiplier) }
        greedy = Greedy(candidates: candidates)
    }

    public var needs: StrategyNeeds { StrategyNeeds(intervention: Intervention(attentionBias: attentionBias)) }

    public mutating func choose(_ context: borrowing DecodingContext) -> Choice { greedy.choose(context) }

    public mutating func proposal(_ context: borrowing DecodingContext) -> Distribution { context.distribution }
}
