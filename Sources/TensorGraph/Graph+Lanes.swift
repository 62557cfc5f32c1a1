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
        let parameters = lane_norm_parameters(epsilon: epsilon, derivative: derivative)
        return step(
            x.shape, [x, gain], lane_norm, parameters, partCount: parts(x),
            origin: .norm(of: x, gain: gain, parameters))
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
        return productGated(gate: gate, up: up, parameters)
            ?? step(gate.shape, [gate, up], lane_gated_product, parameters, partCount: parts(gate))
    }

    /// `a + b`, of the same shape.
    public func laneSum(_ a: Tensor, _ b: Tensor) -> Tensor {
        guard a.shape == b.shape, ggml_is_contiguous(a.raw), ggml_is_contiguous(b.raw) else { return add(a, b) }
        return productPlus(b, a) ?? step(a.shape, [a, b], lane_sum, UInt8(0), partCount: parts(a))
    }

    /// Few elements aren't worth another thread's time.
    private func parts(_ x: Tensor) -> Int { min(64, (x.elementCount + 1023) / 1024) }

    /// Writes keys and values `[headWidth, keyValueHeads, tokens, lanes]` to the caches at `positions` (int32). The result
    /// carries nothing but the order of things.
    public func laneStore(keys: Tensor, values: Tensor, positions: Tensor, in caches: LaneCaches) -> Tensor {
        step([1, 1, 1, 1], [keys, values, positions], lane_store, caches.raw, partCount: parts(keys))
    }

    /// Rotary position embedding of `[headWidth, heads, tokens, lanes]`; ``lanePlaced(queries:keys:values:positions:in:)`` takes it
    /// over where it can.
    public func laneRotated(_ x: Tensor, positions: Tensor, _ rope: RotaryEmbedding, factors: Tensor?) -> Tensor {
        let result = rotate(x, positions: positions, rope, factors: factors)
        origins[result.raw] = .rotation(of: x, positions: positions, rope, factors: factors)
        return result
    }

    /// Norms (where they are) and rotates queries and keys, and writes keys and values to the caches, in one operation.
    /// - Returns: the queries; nil where queries and keys aren't fresh from ``laneRotated(_:positions:_:factors:)``, all of them
    ///   and at these positions.
    public func lanePlaced(
        queries: Tensor, keys: Tensor, values: Tensor, positions: Tensor, in caches: LaneCaches
    ) -> Tensor? {
        guard case .rotation(let query, let queryPositions, let rope, let factors)? = origin(of: queries),
            case .rotation(let key, let keyPositions, rope, _)? = origin(of: keys),
            query.elementCount == queries.elementCount, key.elementCount == keys.elementCount,
            queryPositions.raw == positions.raw, keyPositions.raw == positions.raw
        else { return nil }
        var parameters = lane_place_parameters()
        parameters.caches = caches.raw
        parameters.halves = rope.layout == .halves
        var sources = [query, key]
        if case .norm(let plainQuery, let queryGain, let norm)? = origin(of: query),
            case .norm(let plainKey, let keyGain, _)? = origin(of: key), plainQuery.shape == query.shape,
            plainKey.shape == key.shape
        {
            sources = [plainQuery, plainKey]
            parameters.query_gain = UnsafePointer(queryGain.raw)
            parameters.key_gain = UnsafePointer(keyGain.raw)
            parameters.norm = norm
        }
        let table = rotations(positions: positions, rope, factors: factors)
        return step(
            queries.shape, sources + [values, table, positions], lane_place, parameters,
            partCount: parts(queries) + parts(keys))
    }

    /// Which cosines and sines are the same.
    struct RotationKey: Hashable {
        let positions: UnsafeMutablePointer<ggml_tensor>
        let rope: RotaryEmbedding
        let factors: UnsafeMutablePointer<ggml_tensor>?
    }

    /// Cosines and sines of all angles at `positions`, `[dimensions, 1, tokens]`, computed once for all layers: what rotation
    /// makes of ones and zeros.
    private func rotations(positions: Tensor, _ rope: RotaryEmbedding, factors: Tensor?) -> Tensor {
        let key = RotationKey(positions: positions.raw, rope: rope, factors: factors?.raw)
        if let known = rotations[key] { return known }
        var halves = rope
        halves.layout = .halves
        let units = step(
            [rope.dimensions, 1, positions.elementCount, 1], [positions], lane_rotation_units, UInt8(0), partCount: 1)
        let table = rotate(units, positions: positions, halves, factors: factors)
        rotations[key] = table
        return table
    }

    /// What attention does to the tangents of scores and values.
    public struct LaneAttention {
        public var scale: Float
        public var slidingWindow: Int?
        /// Scores are soft-capped at this.
        public var softcap: Float?
        /// For tangents the derivative of soft-capping, in place of its ratio.
        public var softcapDerivative: Bool
        /// `[heads]`, float32, in the CPU's memory: for each head a logit more, without a value.
        public var sinks: Tensor?
        /// On the tangents of scores; 0: attention weights are constants.
        public var scoreFactor: Float
        public var valueFactor: Float

        public init(
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
    public func laneAttention(
        queries: Tensor, positions: Tensor, stored: Tensor, caches: LaneCaches, keyValueHeads: Int,
        headWeights: Tensor?,
        _ attention: LaneAttention, scratch: LaneScratch
    ) -> Tensor {
        let parameters = lane_attention_parameters(
            caches: caches.raw, key_value_heads: Int32(keyValueHeads), window: Int32(attention.slidingWindow ?? 0),
            scale: attention.scale, softcap: attention.softcap ?? 0,
            softcap_derivative: attention.softcapDerivative, sinks: (attention.sinks?.raw).map { UnsafePointer($0) },
            score_factor: attention.scoreFactor, value_factor: attention.valueFactor,
            scratch: scratch.memory, thread_count: Int32(scratch.threadCount))
        let sources = [queries, positions, stored] + (headWeights.map { [$0] } ?? [])
        let blocks = (queries.shape[1] / keyValueHeads * queries.shape[2] + 15) / 16
        return step(
            queries.shape, sources, lane_attention, parameters,
            partCount: max(scratch.threadCount, min(keyValueHeads * blocks, 8 * scratch.threadCount)),
            threadLimit: scratch.threadCount)
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
}
