import CLaneKernels
import CLlama

/// Layers that keep a state in place of keys and values, on the CPU. An activation is float32 `[channels, 1, columns]`, contiguous.
extension Graph {
    /// The most inputs that a short convolution looks at.
    package static let convolutionLimit = Int(LANE_CONVOLUTION_LIMIT)

    /// Of each channel the sum of its last inputs, the newest last, times `weights` `[inputs, channels]`, for all lanes of a batch,
    /// whose states of `layer` go on.
    /// - Parameter batch: nil for one sequence's primals from its beginning.
    package func laneConvolution(_ x: Tensor, _ weights: Tensor, layer: Int, of batch: LaneBatch?) -> Tensor {
        if let batch { keepAlive(batch) }
        return step(
            x.shape, [contiguous(x), weights], lane_convolution,
            lane_convolution_parameters(batch: batch.map { UnsafePointer($0.raw) }, layer: Int32(layer)),
            partCount: (x.shape[0] + 255) / 256)
    }

    /// The adjoint `[channels, 1, tokens, lanes]` of a sequence's inputs from that of its outputs.
    package func convolutionBack(_ adjoint: Tensor, _ weights: Tensor) -> Tensor {
        step(
            adjoint.shape, [contiguous(adjoint), weights], lane_convolution_back, UInt8(0),
            partCount: (adjoint.shape[0] + 255) / 256)
    }

    /// The shape of a gated delta net, and what it has of its own (arXiv 2412.06464).
    package struct LaneDeltaNet {
        /// Elements of a key, query and value.
        package var width: Int
        package var keyHeads, valueHeads: Int
        /// Whether value head h reads key head `h % keyHeads`; else neighbours share one.
        package var repeatsKeys: Bool
        /// The least length of a key or query that it is divided by.
        package var epsilon: Float
        /// `[valueHeads]`, float32, in the CPU's memory: the decay is `exp(rate * softplus(input + bias))`.
        package var decayRate, decayBias: Tensor

        package init(
            width: Int, keyHeads: Int, valueHeads: Int, repeatsKeys: Bool, epsilon: Float, decayRate: Tensor,
            decayBias: Tensor
        ) {
            self.width = width
            self.keyHeads = keyHeads
            self.valueHeads = valueHeads
            self.repeatsKeys = repeatsKeys
            self.epsilon = epsilon
            self.decayRate = decayRate
            self.decayBias = decayBias
        }

        func raw(_ batch: LaneBatch?, layer: Int, laneCount: Int, scratch: LaneScratch) -> lane_delta_net_parameters {
            lane_delta_net_parameters(
                batch: batch.map { UnsafePointer($0.raw) }, layer: Int32(layer), width: Int32(width),
                key_heads: Int32(keyHeads), value_heads: Int32(valueHeads), repeats: repeatsKeys, epsilon: epsilon,
                decay_rate: decayRate.raw, decay_bias: decayBias.raw, lane_count: Int32(laneCount),
                scratch: scratch.memory)
        }
    }

    /// Queries, keys and values of one position in a row, what its decays and steps are made of, and the heads' outputs
    /// `[width * valueHeads, 1, columns]`, of all lanes of a batch.
    /// - Parameters:
    ///   - x: `[(2 * keyHeads + valueHeads) * width, 1, columns]`.
    ///   - decays: `[valueHeads, 1, columns]`, as are `steps`; only the primal's count.
    ///   - batch: nil for one sequence's primals from its beginning.
    package func laneDeltaNet(
        _ x: Tensor, decays: Tensor, steps: Tensor, _ net: LaneDeltaNet, layer: Int, of batch: LaneBatch?,
        scratch: LaneScratch
    ) -> Tensor {
        if let batch { keepAlive(batch) }
        return step(
            [net.width * net.valueHeads, 1, x.shape[2], 1], [x, decays, steps].map(contiguous), lane_delta_net,
            net.raw(batch, layer: layer, laneCount: 1, scratch: scratch), partCount: net.valueHeads,
            threadLimit: scratch.threadCount)
    }

    /// The adjoint `[width * valueHeads, 1, tokens, lanes]` of a sequence's values from that of its outputs.
    package func deltaNetBack(
        _ adjoint: Tensor, _ x: Tensor, decays: Tensor, steps: Tensor, _ net: LaneDeltaNet, scratch: LaneScratch
    ) -> Tensor {
        step(
            adjoint.shape, [x, decays, steps, adjoint].map(contiguous), lane_delta_net_back,
            net.raw(nil, layer: 0, laneCount: adjoint.shape[3], scratch: scratch),
            partCount: net.valueHeads * adjoint.shape[3], threadLimit: scratch.threadCount)
    }

    package func laneDeltaNetScratch(width: Int, threadCount: Int) -> LaneScratch {
        LaneScratch(
            memory: scratch(count: lane_delta_net_scratch_count(Int32(width)) * threadCount), threadCount: threadCount,
            laneCount: 1)
    }
}
