import TensorGraph

extension ActivationFunction {
    /// `gate(h) = sigmoid(z(h))`, the factor that makes the activation `h gate(h)`.
    func gate(_ h: Tensor, in graph: Graph) -> Tensor {
        switch self {
        case .silu: graph.sigmoid(h)
        case .geluTanh:
            graph.sigmoid(graph.multiply(h, graph.scale(graph.square(h), by: Self.geluCubic, offset: Self.geluLinear)))
        }
    }

    /// What a rule takes for the slope of the activation at `h`: the ratio `sigmoid`, or the derivative
    /// `d/dh (h sigmoid(z)) = sigmoid + h sigmoid (1 - sigmoid) z'`.
    /// - Parameters:
    ///   - gate: `sigmoid(z(h))`.
    ///   - activated: `h sigmoid(z(h))`.
    func slope(
        _ h: Tensor, gate: Tensor, activated: Tensor, _ activation: PropagationRule.Activation, in graph: Graph
    ) -> Tensor {
        if activation == .ratio { return gate }
        var slope = graph.subtract(activated, graph.multiply(activated, gate))
        if self == .geluTanh {
            slope = graph.multiply(slope, graph.scale(graph.square(h), by: 3 * Self.geluCubic, offset: Self.geluLinear))
        }
        return graph.add(gate, slope)
    }

    /// `2 sqrt(2 / pi)`, and that times 0.044715.
    private static let geluLinear: Float = 1.5957691216
    private static let geluCubic: Float = 0.0713548162726
}
