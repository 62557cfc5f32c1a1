import CLaneKernels
import CLlama

/// What reverse mode does with all positions of one sequence at once, on the CPU. An activation is float32 `[width, heads, tokens]`,
/// adjoints `[width, heads, tokens, lanes]`, both contiguous.
extension Graph {
    /// Working memory that operations of a graph share.
    package struct ReverseScratch {
        package let product: LaneScratch
        let transpose, attention: UnsafeMutablePointer<Float>
        package var threadCount: Int { product.threadCount }
    }

    /// - Parameters:
    ///   - width: of the widest columns that are multiplied, there and back.
    ///   - headWidth: of the widest head that attends; 0 where none does.
    package func reverseScratch(width: Int, headWidth: Int, laneCount: Int, threadCount: Int) -> ReverseScratch {
        let attention = headWidth > 0 ? lane_whole_attention_scratch_count(headWidth, Int32(laneCount)) : 0
        return ReverseScratch(
            product: laneProductScratch(width: (width + 31) / 32 * 32, threadCount: threadCount),
            transpose: scratch(count: Int(LANE_TRANSPOSE_SCRATCH) * threadCount),
            attention: scratch(count: attention * threadCount))
    }

    /// The adjoint of `x` from that of its RMSNorm, whose root mean square is a constant, or with `derivative` isn't.
    package func normBack(
        _ adjoint: Tensor, at x: Tensor, gain: Tensor, epsilon: Float, derivative: Bool
    ) -> Tensor {
        step(
            adjoint.shape, [adjoint, x, gain], lane_norm_back,
            lane_norm_parameters(epsilon: epsilon, derivative: derivative), partCount: parts(adjoint))
    }

    /// The adjoints of gate and up from that of ``laneGatedProduct(gate:up:gelu:_:joins:)``.
    package func gatedProductBack(
        _ adjoint: Tensor, gate: Tensor, up: Tensor, gelu: Bool, _ rule: LaneGate
    ) -> (gate: Tensor, up: Tensor) {
        let both = step(
            [2 * adjoint.elementCount, 1, 1, 1], [adjoint, gate, up], lane_gated_product_back, rule.raw(gelu: gelu),
            partCount: parts(adjoint))
        return (part(of: both, 0, adjoint.shape), part(of: both, adjoint.elementCount, adjoint.shape))
    }

    /// Rotary position embedding of all positions, or of an adjoint its transpose.
    package func turned(
        _ x: Tensor, positions: Tensor, _ rope: RotaryEmbedding, factors: Tensor?, back: Bool = false
    ) -> Tensor {
        let table = rotations(positions: positions, rope, factors: factors)
        return step(
            x.shape, [x, table], lane_rotate, lane_rotate_parameters(halves: rope.layout == .halves, back: back),
            partCount: parts(x))
    }

    /// For each of the rows of `y`, and each lane of `x`, the sum of the row's products; and what positive products add to it:
    /// `[rows * lanes]` each.
    package func rowProducts(_ x: Tensor, _ y: Tensor) -> (all: Tensor, positive: Tensor) {
        let count = x.elementCount / y.shape[0]
        let both = step([2 * count, 1, 1, 1], [x, y], lane_row_products, UInt8(0), partCount: parts(x))
        return (part(of: both, 0, [count, 1, 1, 1]), part(of: both, count, [count, 1, 1, 1]))
    }

    /// Attention of all positions, and what its way back needs.
    package struct WholeAttention {
        /// `[headWidth, heads, tokens]`.
        package let output: Tensor
        /// All that was computed; who keeps it spares the same sequence's attention the next time.
        package let result: Tensor
        let queries, keys, values: Tensor
        let attention: LaneAttention
    }

    /// Causal attention of `queries` `[headWidth, heads, tokens]` to all positions of the sequence; keys and values may have fewer
    /// heads. Memory grows with the length of the sequence, not with its square.
    /// - Parameter known: an earlier ``WholeAttention/result``, which need not be computed again.
    package func wholeAttention(
        queries: Tensor, keys: Tensor, values: Tensor, _ attention: LaneAttention, known: Tensor? = nil,
        scratch: ReverseScratch
    ) -> WholeAttention {
        let sources = [queries, keys, values].map(contiguous) + (attention.sinks.map { [$0] } ?? [])
        let (count, heads, tokens) = (queries.elementCount, queries.shape[1], queries.shape[2])
        var parameters = parameters(attention, scratch)
        parameters.has_sinks = attention.sinks != nil
        let result =
            known
            ?? step(
                [count + heads * tokens, 1, 1, 1], sources, lane_whole_attention, parameters,
                partCount: min(heads * ((tokens + 63) / 64), 16 * scratch.threadCount),
                threadLimit: scratch.threadCount)
        return WholeAttention(
            output: part(of: result, 0, queries.shape), result: result, queries: sources[0], keys: sources[1],
            values: sources[2], attention: attention)
    }

    /// The adjoints of queries, keys and values from that of the output. Queries and keys have none where `rule` takes the attention
    /// weights for constants.
    package func attentionBack(
        _ adjoint: Tensor, _ attended: WholeAttention, _ rule: LaneSequence.Rule, scratch: ReverseScratch
    ) -> (queries: Tensor?, keys: Tensor?, values: Tensor) {
        let (shape, keyShape) = (attended.queries.shape, attended.keys.shape)
        let lanes = adjoint.elementCount / attended.queries.elementCount
        // A part is what all queries of a head, or of a chunk of them, have to say about keys and values.
        let chunks = (2 * scratch.threadCount + shape[1] - 1) / shape[1]
        var parameters = parameters(attended.attention, scratch)
        parameters.softcap_derivative = rule.softcapDerivative
        parameters.score_factor = rule.scoreFactor
        parameters.value_factor = rule.valueFactor
        (parameters.lane_count, parameters.chunk_count) = (Int32(lanes), Int32(chunks))
        let count = lane_whole_attention_back_count(shape[0], shape[1], shape[2], Int32(lanes), Int32(chunks))
        let all = step(
            [count, 1, 1, 1], [attended.queries, attended.keys, attended.values, attended.result, contiguous(adjoint)],
            lane_whole_attention_back, parameters, partCount: shape[1] * chunks, threadLimit: scratch.threadCount)
        let (keyCount, keyAdjoint) = (
            attended.keys.elementCount * lanes, [keyShape[0], keyShape[1], keyShape[2], lanes]
        )
        let shared = step(
            [2 * keyCount, 1, 1, 1], [all], lane_shared_adjoints,
            lane_shared_adjoints_parameters(
                head_width: shape[0], heads: shape[1], key_value_heads: keyShape[1], tokens: shape[2],
                lane_count: Int32(lanes), chunk_count: Int32(chunks), value_factor: rule.valueFactor),
            partCount: min(64, keyShape[2]))
        let vary = rule.scoreFactor != 0
        return (
            vary ? part(of: all, 0, [shape[0], shape[1], shape[2], lanes]) : nil,
            vary ? part(of: shared, 0, keyAdjoint) : nil, part(of: shared, keyCount, keyAdjoint)
        )
    }

    private func parameters(_ attention: LaneAttention, _ scratch: ReverseScratch) -> lane_whole_attention_parameters {
        var parameters = lane_whole_attention_parameters()
        parameters.window = Int32(attention.slidingWindow ?? 0)
        parameters.scale = attention.scale
        parameters.softcap = attention.softcap ?? 0
        parameters.lane_count = 1
        parameters.scratch = scratch.attention
        return parameters
    }

    /// Elements of a result from `first` on, as a tensor of their own. No copy.
    private func part(of x: Tensor, _ first: Int, _ shape: [Int]) -> Tensor {
        let elements = slice(x, axis: 0, first..<first + shape.reduce(1, *))
        return reshape(elements, shape[0], shape[1], shape[2], shape[3])
    }
}
