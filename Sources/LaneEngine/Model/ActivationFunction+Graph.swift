import Foundation
import TensorGraph

extension ActivationFunction {
    /// `gate(h)`, the factor that makes the activation `h gate(h)`.
    func gate(_ h: Tensor, in graph: Graph) -> Tensor {
        switch self {
        case .silu: graph.sigmoid(h)
        case .swish(let slope): graph.sigmoid(graph.scale(h, by: slope))
        case .geluTanh:
            graph.sigmoid(graph.multiply(h, graph.scale(graph.square(h), by: Self.geluCubic, offset: Self.geluLinear)))
        case .relu: graph.step(h)
        case .reluSquared: graph.positivePart(h)
        case .limited(let limit): share(of: limit, in: h, graph)
        case .clamped(let limit): share(of: limit, in: graph.magnitude(h), graph)
        case .softcapped(let limit):
            // tanh(z) / z is even, and 1 at 0.
            quotient(graph.clamped(graph.magnitude(graph.scale(h, by: 1 / limit)), from: 1e-4), graph)
        }
    }

    /// `limit / max(h, limit)`.
    private func share(of limit: Float, in h: Tensor, _ graph: Graph) -> Tensor {
        let larger = graph.clamped(h, from: limit)
        return graph.divide(graph.clamped(larger, to: limit), larger)
    }

    private func quotient(_ z: Tensor, _ graph: Graph) -> Tensor { graph.divide(graph.tanh(z), z) }

    /// What a rule takes for the slope of the activation at `h`: the ratio `gate(h)`, or the derivative.
    /// - Parameters:
    ///   - gate: `gate(h)`.
    ///   - activated: `h gate(h)`.
    func slope(
        _ h: Tensor, gate: Tensor, activated: Tensor, _ activation: PropagationRule.Activation, in graph: Graph
    ) -> Tensor {
        if activation == .ratio { return gate }
        switch self {
        case .silu, .swish, .geluTanh:
            // For gate = sigmoid(z(h)): gate + h gate (1 - gate) z'.
            let change = graph.subtract(activated, graph.multiply(activated, gate))
            return graph.add(gate, scaledBySlopeOfArgument(change, h, graph))
        case .relu: return gate
        case .reluSquared: return graph.scale(gate, by: 2)
        case .limited(let limit): return isInside(h, limit, graph)
        case .clamped(let limit): return isInside(graph.magnitude(h), limit, graph)
        case .softcapped(let limit):
            return graph.scale(graph.square(graph.scale(activated, by: 1 / limit)), by: -1, offset: 1)
        }
    }

    /// `x z'(h)` for `gate(h) = sigmoid(z(h))`.
    private func scaledBySlopeOfArgument(_ x: Tensor, _ h: Tensor, _ graph: Graph) -> Tensor {
        switch self {
        case .swish(let slope): graph.scale(x, by: slope)
        case .geluTanh:
            graph.multiply(x, graph.scale(graph.square(h), by: 3 * Self.geluCubic, offset: Self.geluLinear))
        default: x
        }
    }

    /// 1 where `h` is at most `limit`, else 0.
    private func isInside(_ h: Tensor, _ limit: Float, _ graph: Graph) -> Tensor {
        graph.scale(graph.step(graph.scale(h, by: 1, offset: -limit)), by: -1, offset: 1)
    }

    /// `2 sqrt(2 / pi)`, and that times 0.044715.
    private static let geluLinear: Float = 1.5957691216
    private static let geluCubic: Float = 0.0713548162726
}

extension ModelConfiguration {
    /// What soft-capping does to the relevance of a logit that has come out of it: the ratio, or the derivative.
    func softcapSlope(atLogit logit: Float, _ rule: PropagationRule) -> Double {
        guard let logitSoftcap, logit != 0 else { return 1 }
        let share = Double(logit) / Double(logitSoftcap)
        return rule.activation == .derivative ? 1 - share * share : share / atanh(share)
    }
}
