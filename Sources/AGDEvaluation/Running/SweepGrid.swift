import AttributionGuidedDecoding

/// All combinations of settings of guided decoding, to see what each gains and costs.
public struct SweepGrid: Sendable {
    /// In nats; nil guides every step.
    public var entropyThresholds: [Double?]
    /// Candidates at most.
    public var candidateCounts: [Int]
    /// Least probabilities of a candidate.
    public var minimumProbabilities: [Double]

    /// A grid of all combinations.
    public init(entropyThresholds: [Double?], candidateCounts: [Int], minimumProbabilities: [Double]) {
        self.entropyThresholds = entropyThresholds
        self.candidateCounts = candidateCounts
        self.minimumProbabilities = minimumProbabilities
    }

    /// Greedy decoding, then guidance with each combination.
    /// - Parameter base: the rule and the score.
    public func methods(_ base: Guidance) -> [DecodingMethod] {
        [.greedy]
            + minimumProbabilities.flatMap { probability in
                candidateCounts.flatMap { count in
                    entropyThresholds.map { threshold in
                        var guidance = base
                        guidance.entropyThreshold = threshold
                        let candidates = CandidateRule(count: count, minimumProbability: probability)
                        return .guided(.init(guidance, candidates: candidates))
                    }
                }
            }
    }

    /// Numbers as `0.5:4.0:0.25` (first, last, step) or `0.01,0.05,0.1`.
    /// - Returns: nil for anything else.
    public static func numbers(_ text: String) -> [Double]? {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false).map { Double($0) }
        if parts.count == 3, let first = parts[0], let last = parts[1], let step = parts[2] {
            guard step > 0, last >= first, (last - first) / step < 1000 else { return nil }
            // Counted rather than added up, so that 0.1 steps stay round.
            return (0...Int(((last - first) / step + 1e-9).rounded(.down))).map {
                ((first + Double($0) * step) * 1e9).rounded() / 1e9
            }
        }
        let values = text.split(separator: ",", omittingEmptySubsequences: false).map { Double($0) }
        let numbers = values.compactMap { $0 }.filter(\.isFinite)
        return numbers.isEmpty || numbers.count != values.count ? nil : numbers
    }
}
