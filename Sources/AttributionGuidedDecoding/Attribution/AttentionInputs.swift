import TensorGraph

/// What attention must know about the tokens of one evaluation: where they are and what each of them sees.
struct AttentionInputs {
    /// Cached positions that take part, those of the new tokens included, rounded up; the masks hide the rest.
    let historyLength: Int
    /// Positions of the new tokens, int32 `[tokens]`.
    let positions: Tensor
    /// Rows of the key cache that the new tokens fill, int64 `[tokens]`.
    let keyRows: Tensor
    /// Elements of the transposed value cache that they fill, int64 `[rowWidth * tokens]`.
    let valueRows: Tensor
    private let masks: [Int?: Tensor]
    private let rowWidth: Int
    private let capacity: Int

    init(_ graph: Graph, _ configuration: ModelConfiguration, tokenCount: Int, historyLength: Int, capacity: Int) {
        self.historyLength = historyLength
        self.capacity = capacity
        rowWidth = configuration.headWidth * configuration.keyValueHeadCount
        positions = graph.input(.int32, tokenCount, name: "positions")
        keyRows = graph.input(.int64, tokenCount, name: "key rows")
        valueRows = graph.input(.int64, rowWidth * tokenCount, name: "value rows")
        var masks: [Int?: Tensor] = [:]
        for window in Set(configuration.attention.map(\.slidingWindow)) {
            masks[window] = graph.input(.float32, historyLength, tokenCount, name: "mask")
        }
        self.masks = masks
    }

    /// The mask of layers with this window, `[history, tokens]`.
    func mask(_ slidingWindow: Int?) -> Tensor? { masks[slidingWindow] }

    /// Sets the inputs for tokens at consecutive positions from `start`.
    func write(start: Int) {
        let tokenCount = positions.elementCount
        positions.write((0..<tokenCount).map { Int32(start + $0) })
        keyRows.write((0..<tokenCount).map { Int64(start + $0) })
        var elements: [Int64] = []
        elements.reserveCapacity(rowWidth * tokenCount)
        for token in 0..<tokenCount {
            for element in 0..<rowWidth { elements.append(Int64(element * capacity + start + token)) }
        }
        valueRows.write(elements)
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
