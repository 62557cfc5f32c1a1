import TensorGraph

/// What attention composed of ggml's operations must know about the new tokens of a sequence: where they go, and what each of
/// them sees.
struct AttentionInputs {
    /// Cached positions that take part, those of the new tokens included, rounded up; the masks hide the rest.
    let historyLength: Int
    /// Rows of the caches that the new tokens fill, int64 `[tokens]`.
    let cacheRows: Tensor
    /// For each sliding window, `[history, tokens]`: 0 where a token sees a position, -infinity elsewhere.
    private let masks: [Int?: Tensor]

    init(_ graph: Graph, _ configuration: ModelConfiguration, tokenCount: Int, historyLength: Int) {
        self.historyLength = historyLength
        cacheRows = graph.input(.int64, tokenCount, name: "cache rows")
        masks = Dictionary(
            uniqueKeysWithValues: Set(configuration.attention.map(\.slidingWindow)).map {
                ($0, graph.input(.float32, historyLength, tokenCount, name: "mask"))
            })
        // No layer on a graphics processor may need them, but they are written.
        graph.include(cacheRows)
        masks.values.forEach(graph.include)
    }

    /// The mask of layers with this window, `[history, tokens]`.
    func mask(_ slidingWindow: Int?) -> Tensor? { masks[slidingWindow] }

    /// Sets them for consecutive positions from `start`.
    func write(start: Int) {
        let tokenCount = cacheRows.elementCount
        cacheRows.write((0..<tokenCount).map { Int64(start + $0) })
        for (window, mask) in masks {
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

/// New tokens of one sequence in a batch.
struct BatchPart {
    /// Of the layout.
    let group: Int
    /// Among the group's tokens, and among those whose output is wanted.
    let tokens, wantedTokens: Range<Int>
    let memory: SequenceMemory
    /// Where attention is composed.
    var inputs: AttentionInputs?
}
