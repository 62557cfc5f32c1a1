import TensorGraph

/// The positions of a sequence in blocks, so small that the attention weights of one block fit in memory, with the
/// inputs of attention: positions and masks.
final class QueryBlocks {
    /// Consecutive ranges that cover all positions, and up to 15 more: ggml's fast products sum over multiples of 16 alone.
    let ranges: [Range<Int>]
    /// int32 `[tokens]`.
    let positions: Tensor
    private let masks: [Int?: [Tensor]]
    private let buffer: TensorBuffer

    /// Queries see no position after their block's end, so that short blocks spare products with what the mask hides.
    private static let longest = 256

    /// - Parameter largestByteCount: of the attention weights of all heads for one block.
    init(_ configuration: ModelConfiguration, tokenCount: Int, largestByteCount: Int) throws {
        let bytesPerQuery = 4 * configuration.headCount * tokenCount
        let fitting = min(Self.longest, max(1, largestByteCount / bytesPerQuery))
        let length = fitting < 16 ? fitting : fitting / 16 * 16
        let end = (tokenCount + 15) / 16 * 16
        let ranges = stride(from: 0, to: end, by: length).map { $0..<min($0 + length, end) }
        self.ranges = ranges
        let windows = Array(Set(configuration.attention.map(\.slidingWindow)))
        buffer = try TensorBuffer(
            [(.int32, [tokenCount])] + windows.flatMap { _ in ranges.map { (.float32, [$0.upperBound, $0.count]) } },
            on: .cpu,
            purpose: "attention masks")
        positions = buffer.tensors[0]
        positions.write((0..<tokenCount).map { Int32($0) })
        let pieces = Array(buffer.tensors.dropFirst()).split(into: ranges.count)
        masks = Dictionary(uniqueKeysWithValues: zip(windows, pieces))
        for (window, tensors) in masks {
            for (range, mask) in zip(ranges, tensors) { mask.write(Self.mask(range, window: window)) }
        }
    }

    /// For each block what its queries see of the positions up to the block's end, `[end, queries]`: 0 or -infinity.
    func masks(_ slidingWindow: Int?) -> [Tensor] { masks[slidingWindow] ?? [] }

    private static func mask(_ queries: Range<Int>, window: Int?) -> [Float] {
        queries.flatMap { query in
            let first = window.map { max(0, query - $0 + 1) } ?? 0
            return (0..<queries.upperBound).map { (first...query).contains($0) ? 0 : -Float.infinity }
        }
    }
}
