import CLaneKernels
import CLlama

/// Keys and values of one layer: for each lane `[headWidth, capacity, keyValueHeads]`; the capacity is a multiple of 32, since
/// attention reads positions in blocks.
public struct LaneCaches {
    public var keys, values: [Tensor]

    public init(keys: [Tensor], values: [Tensor]) {
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
    public static let laneLimit = Int(LANE_LIMIT)

    /// `gain * x / rms(x)` of the primal. Tangents: the same factors, or with `derivative` the true derivative.
    public func laneNorm(_ x: Tensor, gain: Tensor, epsilon: Float, derivative: Bool) -> Tensor {
        custom(
            x.shape, [x, gain], lane_norm, keep(lane_norm_parameters(epsilon: epsilon, derivative: derivative)))
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
    public func laneGatedProduct(gate: Tensor, up: Tensor, gelu: Bool, _ lanes: LaneGate) -> Tensor {
        let parameters = lane_gated_product_parameters(
            activation: gelu ? LANE_GELU_TANH : LANE_SILU, derivative: lanes.derivative,
            gate_factor: lanes.gateFactor, up_factor: lanes.upFactor)
        return custom(gate.shape, [gate, up], lane_gated_product, keep(parameters))
    }

    /// Writes keys and values `[headWidth, keyValueHeads, tokens, lanes]` to the caches at `positions` (int32). The result
    /// carries nothing but the order of things.
    public func laneStore(keys: Tensor, values: Tensor, positions: Tensor, in caches: LaneCaches) -> Tensor {
        custom([1, 1, 1, 1], [keys, values, positions], lane_store, keep(caches.raw))
    }

    /// What attention does to the tangents of scores and values.
    public struct LaneAttention {
        public var scale: Float
        public var slidingWindow: Int?
        /// On the tangents of scores; 0: attention weights are constants.
        public var scoreFactor: Float
        public var valueFactor: Float

        public init(scale: Float, slidingWindow: Int?, scoreFactor: Float, valueFactor: Float) {
            self.scale = scale
            self.slidingWindow = slidingWindow
            self.scoreFactor = scoreFactor
            self.valueFactor = valueFactor
        }
    }

    /// Causal attention of `queries` `[headWidth, heads, tokens, lanes]` over the caches as `stored` left them.
    /// - Parameter headWeights: `[1, 1, heads, tangents]`; the primal's head outputs times these are added to the tangents.
    /// - Parameter scratch: from ``laneAttentionScratch(headWidth:laneCount:threadCount:)``; operations of a graph share it.
    public func laneAttention(
        queries: Tensor, positions: Tensor, stored: Tensor, caches: LaneCaches, keyValueHeads: Int,
        headWeights: Tensor?,
        _ attention: LaneAttention, scratch: LaneScratch
    ) -> Tensor {
        let parameters = lane_attention_parameters(
            caches: caches.raw, key_value_heads: Int32(keyValueHeads), window: Int32(attention.slidingWindow ?? 0),
            scale: attention.scale, score_factor: attention.scoreFactor, value_factor: attention.valueFactor,
            scratch: scratch.memory, thread_limit: Int32(scratch.threadCount))
        let sources = [queries, positions, stored] + (headWeights.map { [$0] } ?? [])
        return custom(queries.shape, sources, lane_attention, keep(parameters))
    }

    /// Working memory of one kind of operation, shared by all such operations of a graph.
    public struct LaneScratch {
        let memory: UnsafeMutablePointer<Float>
        let threadCount: Int
    }

    public func laneAttentionScratch(headWidth: Int, laneCount: Int, threadCount: Int) -> LaneScratch {
        let count = lane_attention_scratch_count(Int32(headWidth), Int32(laneCount))
        return LaneScratch(memory: scratch(count: count * threadCount), threadCount: threadCount)
    }

    /// `W x` for weights `[in, out]` and columns `[in, n]`: `[out, n]`, decoding each block of weights once for all columns. Each
    /// column of the result is the same to the last bit whatever the number of columns, if the weights are in panels.
    ///
    /// Weights without panels go through ggml's product, but for few columns and rows of floats.
    /// - Parameter scratch: from ``laneProductScratch(width:threadCount:)`` for at least the width `in`.
    public func laneProduct(
        _ weights: Tensor, panels: WeightPanels.Matrix?, _ columns: Tensor, scratch: LaneScratch
    ) -> Tensor {
        guard panels != nil || lane_rows_take(weights.raw, columns.shape[1]) else {
            return multiplyMatrix(weights, columns)
        }
        let parameters = lane_product_parameters(
            panels: panels?.data, type: weights.type.raw, width: weights.shape[0], rows: weights.shape[1],
            weights: UnsafePointer(weights.raw),
            scratch: UnsafeMutableRawPointer(scratch.memory).assumingMemoryBound(to: CChar.self),
            thread_limit: Int32(scratch.threadCount))
        return custom([weights.shape[1], columns.shape[1], 1, 1], [columns], lane_product, keep(parameters))
    }

    /// - Parameter width: of the widest columns.
    public func laneProductScratch(width: Int, threadCount: Int) -> LaneScratch {
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
