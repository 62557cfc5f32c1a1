import Foundation

/// Draws a token from the distribution, cut to its likely part: top-k, then top-p (nucleus), then min-p, then
/// temperature, in llama.cpp's order and with its defaults.
public struct Sampling: DecodingStrategy {
    /// How the distribution is cut, and the seed.
    public struct Options: Sendable, Hashable {
        /// Divides the logits; 0 is greedy.
        public var temperature = 0.8
        /// Most probable tokens kept; 0 keeps all.
        public var topK = 40
        /// The smallest set of tokens with this much probability is kept.
        public var topP = 0.95
        /// Tokens with less than this share of the most probable one's probability are dropped.
        public var minP = 0.05
        /// The same seed gives the same tokens.
        public var seed: UInt64 = 0

        /// llama.cpp's defaults.
        public init() {}
    }

    public let name = "sample"
    /// How the distribution is cut, and the seed.
    public let options: Options
    private let candidates: CandidateRule
    private var generator: SeededGenerator

    /// A sampler that begins with the options' seed.
    public init(_ options: Options = Options(), candidates: CandidateRule = CandidateRule()) {
        self.options = options
        self.candidates = candidates
        generator = SeededGenerator(seed: options.seed)
    }

    public mutating func choose(_ context: borrowing DecodingContext) -> Choice {
        let distribution = context.distribution
        return Choice(token: draw(from: distribution), guided: false, candidates: candidates.candidates(distribution))
    }

    private mutating func draw(from distribution: Distribution) -> Int {
        guard options.temperature > 0 else { return distribution.mostProbable }
        let kept = likelyTokens(distribution)
        let top = Double(distribution.logits[kept[0]])
        let weights = kept.map { exp((Double(distribution.logits[$0]) - top) / options.temperature) }
        var remaining = generator.nextUniform() * weights.reduce(0, +)
        for (token, weight) in zip(kept, weights) {
            remaining -= weight
            if remaining < 0 { return token }
        }
        return kept[kept.count - 1]
    }

    /// The tokens that survive the cuts, by falling probability; at least one.
    func likelyTokens(_ distribution: Distribution) -> [Int] {
        let count = distribution.logits.count
        let limit = options.topK > 0 ? min(options.topK, count) : count
        var kept = distribution.mostProbable(limit)
        let mass = kept.reduce(0) { $0 + Double(distribution.probabilities[$1]) }
        var cumulative = 0.0
        if options.topP < 1,
            let end = kept.firstIndex(where: { token in
                cumulative += Double(distribution.probabilities[token]) / mass
                return cumulative >= options.topP
            })
        {
            kept.removeSubrange((end + 1)...)
        }
        let floor = Double(distribution.probabilities[kept[0]]) * options.minP
        return kept.filter { Double(distribution.probabilities[$0]) >= floor && distribution.isPossible($0) }
    }
}
