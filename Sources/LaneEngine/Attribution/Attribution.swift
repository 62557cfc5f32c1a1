/// A token that the model could say after a position, whose logit is to be explained.
public struct AttributionTarget: Sendable, Hashable, Codable {
    /// The token whose logit is explained.
    public var token: Int
    /// The position whose prediction is meant: the last of the tokens that the model had read.
    public var position: Int

    /// A token to predict after a position.
    public init(token: Int, position: Int) {
        self.token = token
        self.position = position
    }
}

/// The relevance of everything in a model for one target: `<activation, adjoint>`, in units of the target's logit.
public struct Attribution: Sendable, Codable {
    /// What was explained.
    public let target: AttributionTarget
    /// The target's, before softmax.
    public let logit: Double
    /// For each layer the relevance of its heads' outputs.
    public internal(set) var heads: [HeadRelevance]
    /// Relevance of the residual stream at each position, at the input of each layer and after the last, `[layers + 1][positions]`.
    /// At the input of the first it is all that the token has, by its embeddings for each layer too, where it has such.
    public internal(set) var residualStream: [[Double]]

    /// Relevance of each layer's neurons, summed over positions, `[layers][neurons]`; empty where it wasn't asked for. It is not
    /// encoded, and neither are directions and features.
    public internal(set) var neurons: [[Double]] = []
    /// Relevance of the directions that were asked for, summed over positions.
    public internal(set) var directions: [RegionOfInterest.Direction: Double] = [:]
    /// Relevance of the features that were asked for, likewise.
    public internal(set) var features: [RegionOfInterest.Feature: Double] = [:]

    private enum CodingKeys: CodingKey { case target, logit, heads, residualStream }

    /// Relevance of each input token; 0 after the target's position.
    public var tokens: [Double] { residualStream[0] }

    /// S(c, R): the relevance of a region's parts, weighted.
    /// - Precondition: neurons, directions and features of the region were asked for: see `ReverseAttribution.Inside`.
    public func relevance(of region: RegionOfInterest) -> Double {
        var sum = tokens.enumerated().reduce(0) { $0 + region.weight(at: $1.offset) * $1.element }
        for (head, weight) in region.heads { sum += weight * heads[head.layer].allPositions[head.head] }
        for (neuron, weight) in region.neurons { sum += weight * neurons[neuron.layer][neuron.index] }
        for (direction, weight) in region.directions { sum += weight * (directions[direction] ?? 0) }
        for (feature, weight) in region.features { sum += weight * (features[feature] ?? 0) }
        return sum
    }

    init(target: AttributionTarget, logit: Double, positionCount: Int, layerCount: Int) {
        self.target = target
        self.logit = logit
        heads = Array(repeating: HeadRelevance(), count: layerCount)
        residualStream = Array(repeating: Array(repeating: 0, count: positionCount), count: layerCount + 1)
    }
}

extension Attribution {
    /// A neuron with its relevance, summed over positions.
    public struct NeuronRelevance: Sendable, Hashable, Codable {
        /// Both counted from 0, as in ``RegionOfInterest/Neuron``.
        public var layer, index: Int
        /// In units of the target's logit.
        public var relevance: Double
    }

    /// The neurons that carry most, by the size of their relevance; none where neurons weren't asked for.
    public func strongestNeurons(_ count: Int) -> [NeuronRelevance] {
        let all = neurons.enumerated().flatMap { layer, relevances in
            relevances.enumerated().map { NeuronRelevance(layer: layer, index: $0.offset, relevance: $0.element) }
        }
        return Array(all.sorted { abs($0.relevance) > abs($1.relevance) }.prefix(count))
    }
}

/// Relevance of the outputs of a layer's attention heads, before the output projection; one number for each head.
public struct HeadRelevance: Sendable, Codable {
    /// Summed over all positions.
    public var allPositions: [Double] = []
    /// At the target's position alone.
    public var lastPosition: [Double] = []
    /// The sum of the positive elements at all positions: the R_h of Kahardipraja et al. (arXiv 2505.15807).
    public var positive: [Double] = []

    init() {}

    /// - Parameters:
    ///   - relevance: `[positions][heads]`; `positive` likewise.
    init(_ relevance: [[Double]], positive: [[Double]], lastPosition: Int) {
        allPositions = Self.sum(relevance)
        self.lastPosition = relevance[lastPosition]
        self.positive = Self.sum(positive)
    }

    private static func sum(_ rows: [[Double]]) -> [Double] {
        rows.dropFirst().reduce(rows[0]) { zip($0, $1).map(+) }
    }
}

/// What can be wrong with a question about relevance.
public enum AttributionError: Error, Equatable, CustomStringConvertible {
    /// A target beyond the vocabulary or the sequence.
    case targetOutOfRange(token: Int, position: Int)

    public var description: String {
        switch self {
        case .targetOutOfRange(let token, let position):
            "there is no token \(token) to predict after position \(position): the vocabulary or the prompt is too small"
        }
    }
}
