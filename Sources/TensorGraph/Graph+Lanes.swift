import CLaneKernels
import CLlama

/// Tokens that have equally many lanes, as columns: one lane after the other, in each lane one token after the other.
public struct LaneGroup: Sendable, Hashable {
    public var tokenCount: Int
    /// The primal and its tangents.
    public var laneCount: Int

    public init(tokenCount: Int, laneCount: Int) {
        self.tokenCount = tokenCount
        self.laneCount = laneCount
    }

    public var columnCount: Int { tokenCount * laneCount }

    fileprivate var raw: lane_group { lane_group(token_count: tokenCount, lane_count: Int32(laneCount)) }
}

/// Operations on all lanes of an activation at once, on the CPU. An activation is float32 `[width, heads, columns]`,
/// contiguous, with the columns of one group after those of the other; lane 0 is the primal.
extension Graph {
    /// The largest number of lanes that these operations take.
    public static let laneLimit = Int(LANE_LIMIT)

    /// `gain * x / rms(x)` of the primal. Tangents: the same factors, or with `derivative` the true derivative.
    public func laneNorm(
        _ x: Tensor, gain: Tensor, epsilon: Float, _ groups: [(group: LaneGroup, derivative: Bool)]
    ) -> Tensor {
        let parameters = groups.map { lane_norm_parameters(epsilon: epsilon, derivative: $0.derivative) }
        return custom(
            x.shape, [x, gain], lane_norm,
            keep(
                lane_norms(
                    group_count: Int32(groups.count), groups: keep(groups.map(\.group.raw)),
                    parameters: keep(parameters))))
    }

    /// What a gated activation `a(gate) * up` does to tangents.
    public struct LaneGate {
        /// `a'(gate)` in place of `a(gate) / gate`.
        public var derivative: Bool
        /// On the tangents of the activated gate, and of `up`.
        public var gateFactor, upFactor: Float

        public init(derivative: Bool, gateFactor: Float, upFactor: Float) {
            self.derivative = derivative
            self.gateFactor = gateFactor
            self.upFactor = upFactor
        }
    }

    /// `silu(gate) * up`, or GELU's tanh form in place of SiLU.
    public func laneGatedProduct(
        gate: Tensor, up: Tensor, gelu: Bool, _ groups: [(group: LaneGroup, gate: LaneGate)]
    ) -> Tensor {
        let parameters = groups.map { _, gate in
            lane_gated_product_parameters(
                activation: gelu ? LANE_GELU_TANH : LANE_SILU, derivative: gate.derivative,
                gate_factor: gate.gateFactor, up_factor: gate.upFactor)
        }
        return custom(
            gate.shape, [gate, up], lane_gated_product,
            keep(
                lane_gated_products(
                    group_count: Int32(groups.count), groups: keep(groups.map(\.group.raw)),
                    parameters: keep(parameters))))
    }

    /// Working memory of one kind of operation, shared by all such operations of a graph.
    public struct LaneScratch {
        let memory: UnsafeMutablePointer<Float>
        let threadCount: Int
        var laneCount = 1
    }

    /// A linear layer `W x + b`: weights `[in, out]`, in panels where they have some, and a bias `[out]`, float32.
    public struct LaneMatrix {
        public var weights: Tensor
        public var panels: WeightPanels.Matrix?
        public var bias: Tensor?

        public init(weights: Tensor, panels: WeightPanels.Matrix?, bias: Tensor? = nil) {
            self.weights = weights
            self.panels = panels
            self.bias = bias
        }

        fileprivate var raw: lane_matrix {
            lane_matrix(
                panels: panels?.data, type: weights.type.raw, rows: weights.shape[1],
                weights: UnsafePointer(weights.raw), bias: bias.map { UnsafePointer($0.raw) })
        }
    }

    /// Linear layers of the same columns `[in, n]`, decoding each block of weights once for all of them; for each matrix
    /// `[out, n]`. Of each group the primal alone gets a bias. A column's results are the same to the last bit whatever the number
    /// of columns, if the weights are in panels.
    ///
    /// - Parameter scratch: from ``laneProductScratch(width:threadCount:)`` for at least the width `in`.
    /// - Returns: nil for weights that these kernels don't take: those without panels, but for few columns and rows of floats.
    public func laneProducts(
        _ matrices: [LaneMatrix], _ columns: Tensor, _ groups: [LaneGroup], scratch: LaneScratch
    ) -> [Tensor]? {
        guard let first = matrices.first, matrices.count <= Int(LANE_MATRIX_LIMIT) else { return nil }
        let count = columns.shape[1]
        guard
            matrices.allSatisfy({ $0.panels != nil })
                || matrices.count == 1 && lane_rows_take(first.weights.raw, count)
        else { return nil }
        var parameters = lane_product_parameters()
        withUnsafeMutableBytes(of: &parameters.matrices) { bytes in
            let places = bytes.bindMemory(to: lane_matrix.self)
            for (index, matrix) in matrices.enumerated() { places[index] = matrix.raw }
        }
        parameters.matrix_count = Int32(matrices.count)
        parameters.width = first.weights.shape[0]
        parameters.group_count = Int32(groups.count)
        parameters.groups = UnsafePointer(keep(groups.map(\.raw)))
        parameters.scratch = UnsafeMutableRawPointer(scratch.memory).assumingMemoryBound(to: CChar.self)
        parameters.thread_limit = Int32(scratch.threadCount)
        let rows = matrices.map { $0.weights.shape[1] }
        let all = custom([rows.reduce(0, +) * count, 1, 1, 1], [columns], lane_product, keep(parameters))
        var offset = 0
        return rows.map { rows in
            defer { offset += rows * count }
            return reshape(slice(all, axis: 0, offset..<offset + rows * count), rows, count)
        }
    }

    /// - Parameter width: of the widest columns.
    public func laneProductScratch(width: Int, threadCount: Int) -> LaneScratch {
        let byteCount = lane_product_scratch_size(width) * threadCount
        return LaneScratch(memory: scratch(count: byteCount / MemoryLayout<Float>.size), threadCount: threadCount)
    }

    func custom(
        _ shape: [Int], _ sources: [Tensor], _ function: @escaping ggml_custom_op_t,
        _ parameters: UnsafeMutableRawPointer
    ) -> Tensor {
        var raw: [UnsafeMutablePointer<ggml_tensor>?] = sources.map(\.raw)
        return Tensor(
            ggml_custom_4d(
                context, GGML_TYPE_F32, Int64(shape[0]), Int64(shape[1]), Int64(shape[2]), Int64(shape[3]), &raw,
                Int32(raw.count), function, GGML_N_TASKS_MAX, parameters))
    }
}
