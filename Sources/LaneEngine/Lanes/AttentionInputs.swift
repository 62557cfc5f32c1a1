import TensorGraph

/// What attention composed of ggml's operations must know about the new tokens of a sequence: where they go, and what each of
/// them sees.
struct AttentionInputs {
    /// The cached positions that layers with the same window look at.
    struct History {
        /// Rows of the caches that take part, those of the new tokens included; the mask hides what isn't seen.
        let rowCount: Int
        /// Rows of the caches that the new tokens fill, int64 `[tokens]`.
        let newRows: Tensor
        /// `[rows, tokens]`: what is added to the score of a row that a token sees, -infinity elsewhere.
        let mask: Tensor
        /// `[rows, tokens]`: what the score of a row is multiplied by before; nil where no layer scales keys.
        let factors: Tensor?
        /// Position `p` lies in row `p % ringLength`.
        let ringLength: Int
    }

    private let tokenCount: Int
    /// For each sliding window.
    private let histories: [Int?: History]

    /// - Parameter historyLength: positions so far, those of the new tokens included, rounded up.
    init(
        _ graph: Graph, _ configuration: ModelConfiguration, _ layout: CacheLayout, tokenCount: Int, historyLength: Int,
        scalesKeys: Bool = false
    ) {
        self.tokenCount = tokenCount
        let windows = Set(configuration.attention.map(\.slidingWindow))
        histories = Dictionary(
            uniqueKeysWithValues: windows.map { window in
                let ringLength = layout.rowCount(window)
                let rowCount = min(historyLength, ringLength)
                let history = History(
                    rowCount: rowCount, newRows: graph.input(.int64, tokenCount, name: "cache rows"),
                    mask: graph.input(.float32, rowCount, tokenCount, name: "mask"),
                    factors: scalesKeys ? graph.input(.float32, rowCount, tokenCount, name: "key factors") : nil,
                    ringLength: ringLength)
                return (window, history)
            })
        // No layer on a graphics processor may need them, but they are written.
        for history in histories.values {
            [history.newRows, history.mask, history.factors].compactMap { $0 }.forEach(graph.include)
        }
    }

    /// What layers with this window look at; nil for a window that no layer has.
    func history(_ slidingWindow: Int?) -> History? { histories[slidingWindow] }

    /// Sets them for consecutive positions from `start`.
    /// - Parameters:
    ///   - biases: of leading positions, see ``Intervention/attentionBias``.
    ///   - factors: likewise, see ``KeyScaling/factors``.
    func write(start: Int, biases: [Float] = [], factors: [Float] = []) {
        for (window, history) in histories {
            history.newRows.write((start..<start + tokenCount).map { Int64($0 % history.ringLength) })
            func values(elsewhere: Float, _ value: (_ seen: Int, _ position: Int) -> Float) -> [Float] {
                var values = [Float](repeating: elsewhere, count: history.rowCount * tokenCount)
                for token in 0..<tokenCount {
                    let position = start + token
                    let first = window.map { max(0, position - $0 + 1) } ?? 0
                    for seen in first...position {
                        values[token * history.rowCount + seen % history.ringLength] = value(seen, position)
                    }
                }
                return values
            }
            history.mask.write(
                values(elsewhere: -.infinity) { seen, position in
                    let bias = seen < biases.count ? biases[seen] : 0
                    return seen == position && bias == -.infinity ? 0 : bias
                })
            history.factors?.write(values(elsewhere: 1) { seen, _ in seen < factors.count ? factors[seen] : 1 })
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
    /// Layers that scale keys.
    var scaledLayers: Set<Int> = []
}
