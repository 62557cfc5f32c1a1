import CLaneKernels
import CLlama

/// Tokens that have equally many lanes, as columns: one lane after the other, in each lane one token after the other.
package struct LaneGroup: Sendable, Hashable {
    package var tokenCount: Int
    /// The primal and its tangents.
    package var laneCount: Int

    package init(tokenCount: Int, laneCount: Int) {
        self.tokenCount = tokenCount
        self.laneCount = laneCount
    }

    package var columnCount: Int { tokenCount * laneCount }

    var raw: lane_group { lane_group(token_count: tokenCount, lane_count: Int32(laneCount)) }
}

/// Operations on all lanes of an activation at once, on the CPU. An activation is float32 `[width, heads, columns]`,
/// contiguous, with the columns of one group after those of the other; lane 0 is the primal.
extension Graph {
    /// The largest number of lanes that these operations take.
    package static let laneLimit = Int(LANE_LIMIT)

    /// `gain * x / rms(x)` of the primal. Tangents: the same factors, or with `derivative` the true derivative.
    package func laneNorm(
        _ x: Tensor, gain: Tensor, epsilon: Float, _ groups: [(group: LaneGroup, derivative: Bool)]
    ) -> Tensor {
        let norms = lane_norms(
            group_count: Int32(groups.count), groups: UnsafePointer(keep(groups.map(\.group.raw))),
            parameters: UnsafePointer(
                keep(groups.map { lane_norm_parameters(epsilon: epsilon, derivative: $0.derivative) })))
        return step(
            x.shape, [x, gain], lane_norm, norms, partCount: parts(x), origin: .norm(of: x, gain: gain, norms))
    }

    /// What a gated activation `a(gate) * up` does to tangents.
    package struct LaneGate {
        /// `a'(gate)` in place of `a(gate) / gate`.
        package var derivative: Bool
        /// On the tangents of the activated gate, and of `up`.
        package var gateFactor, upFactor: Float

        package init(derivative: Bool, gateFactor: Float, upFactor: Float) {
            self.derivative = derivative
            self.gateFactor = gateFactor
            self.upFactor = upFactor
        }

        func raw(gelu: Bool) -> lane_gated_product_parameters {
            lane_gated_product_parameters(
                activation: gelu ? LANE_GELU_TANH : LANE_SILU, derivative: derivative, gate_factor: gateFactor,
                up_factor: upFactor)
        }
    }

    /// `silu(gate) * up`, or GELU's tanh form in place of SiLU.
    /// - Parameter joins: whether gate and up are of no use to others, so that this may become a part of their product.
    package func laneGatedProduct(
        gate: Tensor, up: Tensor, gelu: Bool, _ groups: [(group: LaneGroup, gate: LaneGate)], joins: Bool = true
    ) -> Tensor {
        let parameters = groups.map { $0.gate.raw(gelu: gelu) }
        let products = lane_gated_products(
            group_count: Int32(groups.count), groups: UnsafePointer(keep(groups.map(\.group.raw))),
            parameters: UnsafePointer(keep(parameters)))
        return (joins ? productGated(gate: gate, up: up, products) : nil)
            ?? step(gate.shape, [gate, up], lane_gated_product, products, partCount: parts(gate))
    }

    /// Softmax of each column, contiguous `[width, heads, columns]`.
    package func laneSoftmax(_ x: Tensor) -> Tensor {
        step(x.shape, [x], lane_softmax, UInt8(0), partCount: x.elementCount / x.shape[0])
    }

    /// `a + b`, of the same shape.
    package func laneSum(_ a: Tensor, _ b: Tensor) -> Tensor {
        guard a.shape == b.shape, ggml_is_contiguous(a.raw), ggml_is_contiguous(b.raw) else { return add(a, b) }
        return productPlus(b, a) ?? step(a.shape, [a, b], lane_sum, UInt8(0), partCount: parts(a))
    }

    /// Few elements aren't worth another thread's time.
    func parts(_ x: Tensor) -> Int { min(64, (x.elementCount + 1023) / 1024) }

    /// Working memory of one kind of operation, shared by all such operations of a graph.
    package struct LaneScratch {
        let memory: UnsafeMutablePointer<Float>
        let threadCount: Int
        var laneCount = 1
    }
}
