import CLaneKernels
import CLlama

/// Keys and values of one layer: for each lane `[headWidth, capacity, keyValueHeads]`; the capacity is a multiple of 32, since
/// attention reads positions in blocks.
package struct LaneCaches {
    package var keys, values: [Tensor]

    package init(keys: [Tensor], values: [Tensor]) {
        self.keys = keys
        self.values = values
    }

    var raw: lane_caches {
        var caches = lane_caches()
        withUnsafeMutableBytes(of: &caches.keys) { $0.copyTensors(keys) }
        withUnsafeMutableBytes(of: &caches.values) { $0.copyTensors(values) }
        return caches
    }
}

extension UnsafeMutableRawBufferPointer {
    fileprivate func copyTensors(_ tensors: [Tensor]) {
        let pointers = bindMemory(to: UnsafeMutablePointer<ggml_tensor>?.self)
        for (index, tensor) in tensors.enumerated() { pointers[index] = tensor.raw }
    }
}

/// Operations on all lanes of an activation at once, on the CPU. An activation is float32 `[width, heads, tokens, lanes]`,
/// contiguous; lane 0 is the primal.
extension Graph {
    /// The largest number of lanes that these operations take.
    package static let laneLimit = Int(LANE_LIMIT)

    /// `gain * x / rms(x)` of the primal. Tangents: the same factors, or with `derivative` the true derivative.
    package func laneNorm(_ x: Tensor, gain: Tensor, epsilon: Float, derivative: Bool) -> Tensor {
        custom(
            x.shape, [x, gain], lane_norm, keep(lane_norm_parameters(epsilon: epsilon, derivative: derivative)))
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
    }

    /// `silu(gate) * up`, or GELU's tanh form in place of SiLU.
    package func laneGatedProduct(gate: Tensor, up: Tensor, gelu: Bool, _ lanes: LaneGate) -> Tensor {
        let parameters = lane_gated_product_parameters(
            activation: gelu ? LANE_GELU_TANH : LANE_SILU, derivative: lanes.derivative,
            gate_factor: lanes.gateFactor, up_factor: lanes.upFactor)
        return custom(gate.shape, [gate, up], lane_gated_product, keep(parameters))
    }

    /// Writes keys and values `[headWidth, keyValueHeads, tokens, lanes]` to the caches at `positions` (int32). The result
    /// carries nothing but the order of things.
    package func laneStore(keys: Tensor, values: Tensor, positions: Tensor, in caches: LaneCaches) -> Tensor {
        custom([1, 1, 1, 1], [keys, values, positions], lane_store, keep(caches.raw))
    }

    /// What attention does to the tangents of scores and values.
    package struct LaneAttention {
        package var scale: Float
        package var slidingWindow: Int?
        /// Scores are soft-capped at this.
        package var softcap: Float?
        /// For tangents the derivative of soft-capping, in place of its ratio.
        package var softcapDerivative: Bool
        /// `[heads]`, float32, in the CPU's memory: for each head a logit more, without a value.
        package var sinks: Tensor?
        /// On the tangents of scores; 0: attention weights are constants.
        package var scoreFactor: Float
        package var valueFactor: Float

        package init(
            scale: Float, slidingWindow: Int?, softcap: Float? = nil, softcapDerivative: Bool = false,
            sinks: Tensor? = nil, scoreFactor: Float, valueFactor: Float
        ) {
            self.scale = scale
            self.slidingWindow = slidingWindow
            self.softcap = softcap
            self.softcapDerivative = softcapDerivative
            self.sinks = sinks
            self.scoreFactor = scoreFactor
            self.valueFactor = valueFactor
        }
    }

    /// Causal attention of `queries` `[headWidth, heads, tokens, lanes]` over the caches as `stored` left them.
    /// - Parameter headWeights: `[1, 1, heads, tangents]`; the primal's head outputs times these are added to the tangents.
    /// - Parameter scratch: from ``laneAttentionScratch(headWidth:laneCount:threadCount:)``; operations of a graph share it.
    package func laneAttention(
        queries: Tensor, positions: Tensor, stored: Tensor, caches: LaneCaches, keyValueHeads: Int,
        headWeights: Tensor?,
        _ attention: LaneAttention, scratch: LaneScratch
    ) -> Tensor {
        let parameters = lane_attention_parameters(
            caches: caches.raw, key_value_heads: Int32(keyValueHeads), window: Int32(attention.slidingWindow ?? 0),
            scale: attention.scale, softcap: attention.softcap ?? 0,
            softcap_derivative: attention.softcapDerivative, sinks: (attention.sinks?.raw).map { UnsafePointer($0) },
            score_factor: attention.scoreFactor, value_factor: attention.valueFactor,
            scratch: scratch.memory, thread_limit: Int32(scratch.threadCount))
        let sources = [queries, positions, stored] + (headWeights.map { [$0] } ?? [])
        return custom(queries.shape, sources, lane_attention, keep(parameters))
    }

    /// Working memory of one kind of operation, shared by all such operations of a graph.
    package struct LaneScratch {
        let memory: UnsafeMutablePointer<Float>
        let threadCount: Int
    }

    package func laneAttentionScratch(headWidth: Int, laneCount: Int, threadCount: Int) -> LaneScratch {
        let count = lane_attention_scratch_count(Int32(headWidth), Int32(laneCount))
        return LaneScratch(memory: scratch(count: count * threadCount), threadCount: threadCount)
    }

    /// A linear layer `W x + b`: weights `[in, out]`, in panels where they have some, and a bias `[out]`, float32.
    package struct LaneMatrix {
        package var weights: Tensor
        package var panels: WeightPanels.Matrix?
        package var bias: Tensor?

        package init(weights: Tensor, panels: WeightPanels.Matrix?, bias: Tensor? = nil) {
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
    /// `[out, n]`. The first `biasedCount` columns are the primal's, which alone get a bias. A column's results are the same to
    /// the last bit whatever the number of columns, if the weights are in panels.
    ///
    /// - Parameter scratch: from ``laneProductScratch(width:threadCount:)`` for at least the width `in`.
    /// - Returns: nil for weights that these kernels don't take: those without panels, but for few columns and rows of floats.
    package func laneProducts(
        _ matrices: [LaneMatrix], _ columns: Tensor, biasedCount: Int, scratch: LaneScratch
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
        parameters.biased_columns = biasedCount
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
    package func laneProductScratch(width: Int, threadCount: Int) -> LaneScratch {
        let byteCount = lane_product_scratch_size(width) * threadCount
        return LaneScratch(memory: scratch(count: byteCount / MemoryLayout<Float>.size), threadCount: threadCount)
    }

    private func custom(
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
