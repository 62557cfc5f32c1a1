/// A region of interest: which input tokens and attention heads a completion should draw on, and how much each counts.
///
/// `S(c, R) = sum of weight * relevance` over the region (Komorowski et al., arXiv 2509.26307, section 3). Weights may be
/// negative: a region to be avoided.
public struct RegionOfInterest: Sendable, Hashable {
    /// An attention head; layers and heads count from 0.
    public struct Head: Sendable, Hashable, Comparable {
        public var layer: Int
        public var head: Int

        public init(layer: Int, head: Int) {
            self.layer = layer
            self.head = head
        }

        public static func < (a: Head, b: Head) -> Bool { (a.layer, a.head) < (b.layer, b.head) }
    }

    /// Weight of each token position in the region.
    public var tokens: [Int: Double]
    /// Weight of each attention head in the region: the relevance of the head's outputs, summed over positions.
    public var heads: [Head: Double]
    /// Weight of every position that `tokens` doesn't name, generated ones too.
    public var otherTokens: Double

    public init(tokens: [Int: Double] = [:], heads: [Head: Double] = [:], otherTokens: Double = 0) {
        self.tokens = tokens
        self.heads = heads
        self.otherTokens = otherTokens
    }

    /// Weights lie between this and its negative.
    public static let largestWeight = 1e6

    /// All tokens, prompt and generated, with weight 1.
    public static let allTokens = RegionOfInterest(otherTokens: 1)

    public func weight(at position: Int) -> Double { tokens[position] ?? otherTokens }

    /// Before this position the region's tangents are zero; nil where they always are.
    var firstPosition: Int? {
        if otherTokens != 0 || heads.values.contains(where: { $0 != 0 }) { return 0 }
        return tokens.filter { $0.value != 0 }.keys.min()
    }

    /// The region with weights near 1, and what its relevance is to be multiplied by.
    ///
    /// Relevance is linear in the weights. Tangents that carry them would leave the range of a cache's 16-bit numbers where
    /// weights are large, and vanish where they are small. A power of two changes no digit; weights up to 16 stay as they are, so
    /// that regions of usual weights share what a cache holds.
    package var normalised: (region: RegionOfInterest, scale: Double) {
        let largest = (Array(tokens.values) + heads.values + [otherTokens]).reduce(0) { max($0, abs($1)) }
        guard largest > 0, largest.isFinite, !(0x1p-10...16).contains(largest) else { return (self, 1) }
        let scale = largest.binade
        return (
            RegionOfInterest(
                tokens: tokens.mapValues { $0 / scale }, heads: heads.mapValues { $0 / scale },
                otherTokens: otherTokens / scale), scale
        )
    }

    public var isEmpty: Bool { firstPosition == nil }

    /// Both regions together; weights add up.
    public func union(_ other: RegionOfInterest) -> RegionOfInterest {
        var result = RegionOfInterest(
            heads: heads.merging(other.heads, uniquingKeysWith: +), otherTokens: otherTokens + other.otherTokens)
        for position in Set(tokens.keys).union(other.tokens.keys) {
            result.tokens[position] = weight(at: position) + other.weight(at: position)
        }
        return result
    }
}

extension [RegionOfInterest] {
    /// Each normalised, and what the relevance of each is to be multiplied by.
    package var normalised: (regions: [RegionOfInterest], scales: [Double]) {
        let both = map(\.normalised)
        return (both.map(\.region), both.map(\.scale))
    }
}
