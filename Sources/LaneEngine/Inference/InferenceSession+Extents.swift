import TensorGraph

/// How much there is room for, and how much is evaluated at once.
extension InferenceSession {
    /// Tokens that still fit.
    package var remainingCapacity: Int { capacity - tokens.count }

    /// Tokens that the caches hold.
    package var capacity: Int { options.capacity ?? options.contextLength }

    /// Bytes of all lanes' caches that the next token reads.
    package var cacheBytesPerToken: Int {
        memory.cache.laneCount * memory.cache.layout.bytesRead(positions: tokens.count)
    }

    /// Tokens that are evaluated at once at most; on the CPU 128, which read a prompt as fast as more, for one can cancel
    /// between chunks only; and on servers, which are given up when a chunk takes too long.
    static func columnsAtOnce(_ model: LanguageModel) -> Int { model.devices.isEmpty || model.isOnServers ? 128 : 512 }

    /// Tokens evaluated at once: as many as keep the attention weights of a layer within 256 MiB, and as the caches take.
    func chunkLength(from start: Int, laneCount: Int) -> Int {
        let bytesPerToken = 4 * model.configuration.headCount * (start + 512) * (2 * laneCount - 1)
        let length = max(16, min(Self.columnsAtOnce(model), (256 << 20) / bytesPerToken / 16 * 16))
        return min(length, memory.cache.layout.longestChunk)
    }

    /// Tokens evaluated at once where the logits of each are wanted: as many as keep those within 64 MiB, and as are not
    /// divided further.
    package var everyPositionChunkLength: Int {
        let logits = (64 << 20) / (4 * model.configuration.vocabularySize)
        return max(1, min(logits, chunkLength(from: tokens.count, laneCount: 1)))
    }

    /// Cached positions that take part after `count` tokens, rounded up.
    func historyLength(_ count: Int) -> Int {
        min(memory.cache.layout.capacity, CacheLayout.rounded(count))
    }
}
