import TensorGraph

/// A change of what a model computes for one sequence: attention is drawn to some of its positions, or turned away from them, and
/// vectors are added to the residual stream.
///
/// Keys and values above the first layer change with it. Tangents are those of the changed computation, in which what is added is a
/// constant.
public struct Intervention: Sendable, Hashable {
    /// What is added to the attention scores of the key at a position, in every layer and head: log M multiplies its weights by M,
    /// before they are normalised again. -infinity hides the position from those behind it.
    public var attentionBias: [Int: Double]

    /// What is added to the residual stream behind a layer (counted from 0), at all positions; as long as the stream is wide.
    public var residualStream: [Int: [Float]]

    /// An intervention; by default none.
    public init(attentionBias: [Int: Double] = [:], residualStream: [Int: [Float]] = [:]) {
        self.attentionBias = attentionBias
        self.residualStream = residualStream
    }

    /// The model as it is.
    public static let none = Intervention()

    /// The model as if these positions were seen by none behind them.
    public static func hiding(_ positions: some Sequence<Int>) -> Intervention {
        Intervention(attentionBias: Dictionary(positions.map { ($0, -.infinity) }) { first, _ in first })
    }

    /// Biases other than -infinity lie between this and its negative, in nats.
    public static let largestBias = 1e4

    func bias(at position: Int) -> Double { attentionBias[position] ?? 0 }

    /// As kernels read them; nil where there are none.
    var keyBiases: KeyBiases? {
        guard let last = attentionBias.keys.max() else { return nil }
        return KeyBiases((0...last).map { Float(bias(at: $0)) })
    }
}
