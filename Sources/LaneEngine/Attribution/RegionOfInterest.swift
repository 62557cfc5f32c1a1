/// A region of interest: which input tokens, and which parts inside the model, a completion should draw on, and how much each
/// counts.
///
/// `S(c, R) = sum of weight * relevance` over the region (Komorowski et al., arXiv 2509.26307, section 3). Weights may be
/// negative: a region to be avoided. The parts inside are attention heads, neurons of feed-forward networks, directions of the
/// residual stream, and features that a sparse dictionary finds in it; each counts at all positions.
public struct RegionOfInterest: Sendable, Hashable {
    /// An attention head; layers and heads count from 0.
    public struct Head: Sendable, Hashable, Comparable {
        /// Counted from 0.
        public var layer: Int
        /// Counted from 0.
        public var head: Int

        /// A head by its layer and its number there.
        public init(layer: Int, head: Int) {
            self.layer = layer
            self.head = head
        }

        public static func < (a: Head, b: Head) -> Bool { (a.layer, a.head) < (b.layer, b.head) }
    }

    /// A neuron of a dense feed-forward network, `a(gate) * up` before the matrix that ends it; both count from 0. Its relevance
    /// is its value times the target's change with it.
    public struct Neuron: Sendable, Hashable, Comparable {
        /// Counted from 0.
        public var layer: Int
        /// Counted from 0.
        public var index: Int

        /// A neuron by its layer and its number there.
        public init(layer: Int, index: Int) {
            self.layer = layer
            self.index = index
        }

        public static func < (a: Neuron, b: Neuron) -> Bool { (a.layer, a.index) < (b.layer, b.index) }
    }

    /// A direction `v` of the residual stream behind a layer. Its relevance is that of the stream's part along it,
    /// `<v, x> / <v, v> v`; the length of `v` makes no difference.
    public struct Direction: Sendable, Hashable {
        /// Counted from 0.
        public var layer: Int
        /// As long as the residual stream is wide; not all zero.
        public var vector: [Float]

        /// A direction by its layer and its elements.
        public init(layer: Int, vector: [Float]) {
            self.layer = layer
            self.vector = vector
        }
    }

    /// A feature of a sparse dictionary (sparse autoencoder) of the residual stream `x` behind a layer: its activation
    /// `a(x) = <encoder, x> + bias` where that is above the threshold, else 0. Its relevance is that of `a(x) decoder`, the part of the
    /// stream that the feature stands for (a JumpReLU dictionary: Rajamanoharan et al., arXiv 2407.14435; with the threshold 0 a
    /// ReLU one). What the dictionary leaves unexplained belongs to no feature.
    public struct Feature: Sendable, Hashable {
        /// Counted from 0.
        public var layer: Int
        /// Its number in the dictionary, from 0.
        public var index: Int
        /// As long as the residual stream is wide.
        public var encoder, decoder: [Float]
        /// Added before the threshold.
        public var bias: Float
        /// Activations that are not above it are 0.
        public var threshold: Float

        /// A feature by its rows of a dictionary.
        public init(
            layer: Int, index: Int = 0, encoder: [Float], bias: Float = 0, threshold: Float = 0, decoder: [Float]
        ) {
            self.layer = layer
            self.index = index
            self.encoder = encoder
            self.bias = bias
            self.threshold = threshold
            self.decoder = decoder
        }
    }

    /// Weight of each token position in the region.
    public var tokens: [Int: Double]
    /// Weight of each attention head in the region: the relevance of the head's outputs, summed over positions.
    public var heads: [Head: Double]
    /// Weight of each neuron in the region: its relevance, summed over positions.
    public var neurons: [Neuron: Double]
    /// Weight of each direction in the region, likewise.
    public var directions: [Direction: Double]
    /// Weight of each feature in the region, likewise.
    public var features: [Feature: Double]
    /// Weight of every position that `tokens` doesn't name, generated ones too.
    public var otherTokens: Double

    /// A region by the weights of its parts.
    public init(
        tokens: [Int: Double] = [:], heads: [Head: Double] = [:], neurons: [Neuron: Double] = [:],
        directions: [Direction: Double] = [:], features: [Feature: Double] = [:], otherTokens: Double = 0
    ) {
        self.tokens = tokens
        self.heads = heads
        self.neurons = neurons
        self.directions = directions
        self.features = features
        self.otherTokens = otherTokens
    }

    /// Weights lie between this and its negative.
    public static let largestWeight = 1e6

    /// All tokens, prompt and generated, with weight 1.
    public static let allTokens = RegionOfInterest(otherTokens: 1)

    /// The weight of the token at a position.
    public func weight(at position: Int) -> Double { tokens[position] ?? otherTokens }

    /// The region without its tokens.
    public var inside: RegionOfInterest {
        RegionOfInterest(heads: heads, neurons: neurons, directions: directions, features: features)
    }

    /// All weights, in no order.
    public var weights: [Double] {
        [otherTokens] + tokens.values + heads.values + neurons.values + directions.values + features.values
    }

    /// Before this position the region's tangents are zero; nil where they always are.
    var firstPosition: Int? {
        if otherTokens != 0 || inside.weights.contains(where: { $0 != 0 }) { return 0 }
        return tokens.filter { $0.value != 0 }.keys.min()
    }

    /// The region with each weight times `factor`.
    public func scaled(by factor: Double) -> RegionOfInterest {
        RegionOfInterest(
            tokens: tokens.mapValues { $0 * factor }, heads: heads.mapValues { $0 * factor },
            neurons: neurons.mapValues { $0 * factor }, directions: directions.mapValues { $0 * factor },
            features: features.mapValues { $0 * factor }, otherTokens: otherTokens * factor)
    }

    /// The region with weights near 1, and what its relevance is to be multiplied by.
    ///
    /// Relevance is linear in the weights. Tangents that carry them would leave the range of a cache's 16-bit numbers where
    /// weights are large, and vanish where they are small. A power of two changes no digit; weights up to 16 stay as they are, so
    /// that regions of usual weights share what a cache holds.
    package var normalised: (region: RegionOfInterest, scale: Double) {
        let largest = weights.reduce(0) { max($0, abs($1)) }
        guard largest > 0, largest.isFinite, !(0x1p-10...16).contains(largest) else { return (self, 1) }
        return (scaled(by: 1 / largest.binade), largest.binade)
    }

    /// Whether nothing has a weight.
    public var isEmpty: Bool { firstPosition == nil }

    /// Both regions together; weights add up.
    public func union(_ other: RegionOfInterest) -> RegionOfInterest {
        var result = RegionOfInterest(
            heads: heads.merging(other.heads, uniquingKeysWith: +),
            neurons: neurons.merging(other.neurons, uniquingKeysWith: +),
            directions: directions.merging(other.directions, uniquingKeysWith: +),
            features: features.merging(other.features, uniquingKeysWith: +),
            otherTokens: otherTokens + other.otherTokens)
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
