import TensorGraph

/// How much there is room for, and how much is evaluated at once.
extension InferenceSession {
    /// Tokens that still fit.
    package var remainingCapacity: Int { options.contextLength - tokens.count }

    /// Bytes of the caches of all lanes for `positions` tokens.
    package func cacheBytes(positions: Int) -> Int { cache.byteCount / cache.capacity * positions }

    /// Tokens evaluated at once: as many as keep the attention weights of a layer within 256 MiB, at most 512; on the CPU
    /// 128, which read a prompt as fast, for one can cancel between chunks only.
    func chunkLength(from start: Int, laneCount: Int) -> Int {
        let bytesPerToken = 4 * model.configuration.headCount * (start + 512) * (2 * laneCount - 1)
        return max(16, min(model.devices.isEmpty ? 128 : 512, (256 << 20) / bytesPerToken / 16 * 16))
    }

    /// Tokens evaluated at once where the logits of each are wanted: as many as keep those within 64 MiB, and as are not
    /// divided further.
    package var everyPositionChunkLength: Int {
        let logits = (64 << 20) / (4 * model.configuration.vocabularySize)
        return max(1, min(logits, chunkLength(from: tokens.count, laneCount: 1)))
    }

    /// Cached positions that take part after `count` tokens, rounded up; nil where all attention is fused.
    func historyLength(_ count: Int) -> Int? {
        let isFused = options.fusesOperations && model.devices.isEmpty && cache.laneCount <= Graph.laneLimit
        return isFused
            ? nil
            : min(cache.capacity, (count + LaneCache.granularity - 1) / LaneCache.granularity * LaneCache.granularity)
    }
}
