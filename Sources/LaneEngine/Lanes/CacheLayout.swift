import TensorGraph

/// How keys and values, and the tangents of both, are stored.
package struct CacheStorage: Hashable, Sendable {
    package var keys, values: ElementType
    /// Positions that layers with a sliding window hold beyond it, at least 16; nil where they hold all.
    package var windowMargin: Int?

    package init(keys: ElementType, values: ElementType, windowMargin: Int? = defaultWindowMargin) {
        self.keys = keys
        self.values = values
        self.windowMargin = windowMargin
    }

    /// Elements that are stored together.
    var blockLength: Int { max(keys.blockLength, values.blockLength) }

    package static let float32 = CacheStorage(keys: .float32, values: .float32)
    package static let float16 = CacheStorage(keys: .float16, values: .float16)
    package static let defaultWindowMargin = 512
}

/// Which positions the caches of a sequence hold, and in how much memory.
///
/// Layers that see all positions hold all. Layers with a sliding window hold the last ones in a ring: the window and a
/// margin beyond it, which lets so many tokens be read at once, and as many be dropped again.
package struct CacheLayout: Sendable {
    /// Positions that layers without a window hold.
    package let capacity: Int
    package let storage: CacheStorage
    private let configuration: ModelConfiguration

    /// Positions are added to a graph in multiples of this, so that one graph serves many steps.
    static let granularity = 64

    package init(
        _ configuration: ModelConfiguration, contextLength: Int, storage: CacheStorage
    ) throws(InferenceError) {
        for type in [storage.keys, storage.values] {
            guard let width = Self.misfit(of: type, configuration) else { continue }
            throw .headsDivideNoBlocks(type: type.description, headWidth: width, blockLength: type.blockLength)
        }
        self.configuration = configuration
        self.storage = storage
        capacity = Self.rounded(contextLength)
    }

    /// The width of heads that blocks of this type don't divide; nil where they fit.
    package static func misfit(of type: ElementType, _ configuration: ModelConfiguration) -> Int? {
        configuration.attention.first { $0.keyValueHeadCount > 0 && $0.headWidth % type.blockLength != 0 }?.headWidth
    }

    static func rounded(_ count: Int) -> Int { (count + granularity - 1) / granularity * granularity }

    /// Rows of the caches of a layer with this window: position `p` lies in row `p % rowCount`.
    func rowCount(_ slidingWindow: Int?) -> Int {
        guard let slidingWindow, let margin = storage.windowMargin else { return capacity }
        return min(capacity, Self.rounded(slidingWindow + margin))
    }

    /// The fewest rows of any layer.
    var shortestRing: Int { windows.map(rowCount).min() ?? capacity }
    private var windows: [Int?] { configuration.attention.map(\.slidingWindow) }

    /// Tokens that can be evaluated at once.
    var longestChunk: Int { shortestRing < capacity ? storage.windowMargin ?? .max : .max }

    /// Evaluation can go on from this position or a later one, once the positions before `end` have been written, and from the
    /// very beginning: what tokens farther back would see has been overwritten.
    func earliestStart(afterWriting end: Int) -> Int {
        end <= shortestRing ? 0 : end - (storage.windowMargin ?? end)
    }

    // MARK: Memory

    /// Bytes of the caches of one lane.
    package var byteCount: Int { byteCount { $0.keyValueLayer == nil ? rowCount($0.slidingWindow) : 0 } }

    /// Bytes of one lane's caches that a token reads which is the last of `positions`.
    func bytesRead(positions: Int) -> Int { byteCount { min(positions, $0.slidingWindow ?? positions) } }

    private func byteCount(_ rowCount: (ModelConfiguration.LayerAttention) -> Int) -> Int {
        configuration.attention.reduce(0) { sum, layer in
            let widths = [storage.keys, storage.values].reduce(0) { $0 + $1.byteCount(of: layer.headWidth) }
            return layer.keyValueHeadCount == 0 ? sum : sum + widths * layer.keyValueHeadCount * rowCount(layer)
        }
    }
}
