import TensorGraph

/// Keys of some positions multiplied in some layers, as one token sees them behind them.
public struct KeyScaling: Sendable, Hashable {
    /// What the key at a position is multiplied by, and so its attention scores.
    public var factors: [Int: Double]
    /// Layers, counted from 0, where it is.
    public var layers: Set<Int>

    /// A scaling by positions and layers.
    public init(factors: [Int: Double], layers: Set<Int>) {
        (self.factors, self.layers) = (factors, layers)
    }

    /// As kernels read it, of the keys that a token at `position` sees beside its own; nil where nothing is scaled.
    func keyFactors(before position: Int, layerCount: Int) -> KeyFactors? {
        guard let last = factors.keys.filter({ $0 < position }).max(), !layers.isEmpty else { return nil }
        return KeyFactors((0...last).map { Float(factors[$0] ?? 1) }, in: layers, layerCount: layerCount)
    }
}

/// What a layer's attention reads and gives at one token, `[embeddingLength]` each: after the norm before it, and before it is
/// added to the residual stream.
public struct AttentionActivation: Sendable {
    /// Counted from 0.
    public var layer: Int
    /// What enters.
    public var input: [Float]
    /// What leaves.
    public var output: [Float]
}
