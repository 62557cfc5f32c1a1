import Foundation

/// DIRECTER (Kang and Kim, ICLR 2026, arXiv 2603.06745), as its authors' code decides (github.com/mjk0618/directer): at each step the
/// keys of the region are scaled as the last token sees them, and the token that then is the most probable one is taken where the
/// model alone finds it plausible. Where it doesn't, half of the layers are left alone, then half of the rest, and at last all of them.
///
/// Which layers stay longest is found once, at the first token: those whose attention changes most when keys are scaled in each single
/// layer. The prompt is read, and the caches are kept, as by the model alone.
public struct DynamicKeyScaling: DecodingStrategy {
    public let name = "directer"
    /// What the key at a position is multiplied by.
    public let factors: [Int: Double]
    /// Least share of the most probable token's probability that a token needs.
    public let plausibility: Double
    private let layerCount: Int
    private let candidates: CandidateRule
    /// Layers, those first whose attention changes most; nil before the first token.
    private var ranking: [Int]?

    /// Tries at a token, at most, as the authors have it.
    private static let trialLimit = 10

    /// - Parameters:
    ///   - region: tokens of weight w have their keys multiplied by the factor to the power of w.
    ///   - model: the model that generates.
    ///   - factor: the authors' alpha; 1 is greedy.
    ///   - plausibility: the authors' beta.
    ///   - candidates: which tokens are reported beside the one chosen.
    public init(
        to region: RegionOfInterest, _ model: LanguageModel, factor: Double = 100, plausibility: Double = 0.5,
        candidates: CandidateRule = CandidateRule()
    ) {
        factors = region.tokens.filter { $0.value != 0 }.mapValues { pow(factor, $0) }
        layerCount = model.configuration.layerCount
        self.plausibility = plausibility
        self.candidates = candidates
    }

    public var needs: StrategyNeeds { StrategyNeeds(rereads: true) }

    public mutating func choose(_ context: borrowing DecodingContext) throws -> Choice {
        let steered: Int?
        if let ranking {
            steered = hasPlausibleOther(context.distribution) ? try steeredToken(context, ranking) : nil
        } else {
            let ranking = try rankedLayers(context)
            self.ranking = ranking
            steered = try steeredToken(context, ranking)
        }
        let token = steered ?? context.distribution.mostProbable
        let scores = context.distribution.logits.indices.map { context.distribution.logProbability(of: $0) }
        return Choice(
            token: token, guided: steered != nil,
            candidates: candidates.candidates(context.distribution, scores, including: token))
    }

    /// The token that scaled keys lead to, in as many layers as leave it plausible; nil where none do.
    private func steeredToken(_ context: borrowing DecodingContext, _ ranking: [Int]) throws -> Int? {
        let distribution = context.distribution
        let floor = plausibility * Double(distribution.probabilities[distribution.mostProbable])
        var layers = Array(0..<layerCount)
        for trial in 1...Self.trialLimit where layers.count > 1 {
            let scaling = KeyScaling(factors: factors, layers: Set(layers))
            let token = try context.reread(under: scaling).distribution.mostProbable
            if Double(distribution.probabilities[token]) > floor { return token }
            layers = Array(ranking.prefix(max(1, layerCount >> trial)))
        }
        return nil
    }

    /// Whether scaling could lead to another token at all.
    private func hasPlausibleOther(_ distribution: Distribution) -> Bool {
        let two = distribution.mostProbable(2).map { Double(distribution.probabilities[$0]) }
        return two.count == 2 && two[1] >= plausibility * two[0] - 1e-9
    }

    /// Layers by how much their attention changes when keys are scaled in each single layer, those first where it does most: by the
    /// cosines of what enters before and leaves after, and of what leaves before and enters after, as the authors take them.
    private func rankedLayers(_ context: borrowing DecodingContext) throws -> [Int] {
        func attention(_ layers: Set<Int>) throws -> [AttentionActivation] {
            try Task.checkCancellation()
            return try context.reread(under: KeyScaling(factors: factors, layers: layers), observesAttention: true)
                .attention
        }
        let before = try attention([])
        var changes = [Double](repeating: 0, count: before.count)
        for layer in 0..<layerCount {
            for (index, after) in try attention([layer]).enumerated() {
                let (input, output) = (before[index].input, before[index].output)
                changes[index] += max(0, 2 - input.cosine(to: after.output) - output.cosine(to: after.input))
            }
        }
        return changes.indices.sorted { (-changes[$0], $0) < (-changes[$1], $1) }.map { before[$0].layer }
    }
}

extension [Float] {
    /// The cosine of the angle between two vectors; 0 where one has no length.
    fileprivate func cosine(to other: [Float]) -> Double {
        func product(_ a: [Float], _ b: [Float]) -> Double {
            zip(a, b).reduce(0) { $0 + Double($1.0) * Double($1.1) }
        }
        let lengths = (product(self, self) * product(other, other)).squareRoot()
        return lengths > 0 ? product(self, other) / lengths : 0
    }
}
