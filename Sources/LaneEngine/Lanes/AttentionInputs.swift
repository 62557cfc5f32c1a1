import TensorGraph

/// What attention must know about the new tokens of a sequence: where they are and what each of them sees.
struct AttentionInputs {
    /// Positions of the new tokens, int32 `[tokens]`; who made them writes them.
    let positions: Tensor
    /// What attention composed of ggml's operations needs besides; nil where no layer uses it.
    private let composed: Composed?

    struct Composed {
        /// Cached positions that take part, those of the new tokens included, rounded up; the masks hide the rest.
        let historyLength: Int
        /// Rows of the caches that the new tokens fill, int64 `[tokens]`.
        let cacheRows: Tensor
        /// For each sliding window, `[history, tokens]`: 0 where a token sees a position, -infinity elsewhere.
        let masks: [Int?: Tensor]
    }

    /// - Parameter historyLength: nil where no layer's attention is composed.
    init(_ graph: Graph, _ configuration: ModelConfiguration, positions: Tensor, historyLength: Int?) {
        self.positions = positions
        let tokenCount = positions.elementCount
        composed = historyLength.map { historyLength in
            let windows = Set(configuration.attention.map(\.slidingWindow))
            return Composed(
                historyLength: historyLength, cacheRows: graph.input(.int64, tokenCount, name: "cache rows"),
                masks: Dictionary(
                    uniqueKeysWithValues: windows.map {
                        ($0, graph.input(.float32, historyLength, tokenCount, name: "mask"))
                    }))
        }
    }

    var historyLength: Int { composed?.historyLength ?? 0 }
    var cacheRows: Tensor { composed?.cacheRows ?? positions }

    /// The mask of layers with this window, `[history, tokens]`.
    func mask(_ slidingWindow: Int?) -> Tensor? { composed?.masks[slidingWindow] }

    /// Sets what attention needs besides the positions, for consecutive ones from `start`.
    func write(start: Int) {
        guard let composed else { return }
        let tokenCount = positions.elementCount
        composed.cacheRows.write((0..<tokenCount).map { Int64(start + $0) })
        for (window, mask) in composed.masks {
            var values = [Float](repeating: -.infinity, count: historyLength * tokenCount)
            for token in 0..<tokenCount {
                let position = start + token
                let first = window.map { max(0, position - $0 + 1) } ?? 0
                for seen in first...position { values[token * historyLength + seen] = 0 }
            }
            mask.write(values)
        }
    }
}
