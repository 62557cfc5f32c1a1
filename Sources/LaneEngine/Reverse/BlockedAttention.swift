import TensorGraph

/// Causal attention of all positions to each other and its transpose, one block of queries at a time, so that memory
/// grows with the length of the sequence and not with its square.
///
/// The attention weights of a block are computed for the output, forgotten, and computed again for the transpose;
/// where one block covers all queries they are kept.
struct BlockedAttention {
    private let graph: Graph
    private let rule: PropagationRule
    private let attention: SoftmaxAttention
    private let ranges: [Range<Int>]
    private let masks: [Tensor]
    private let width, heads, keyValueHeads, tokens: Int
    /// `[width, positions, heads]`, with zeros after the tokens, up to the last block's end.
    private let queries: Tensor
    /// `[width, positions, keyValueHeads]`.
    private let keys, values: Tensor

    /// - Parameters:
    ///   - queries: `[width, heads, tokens]`; `keys` and `values` likewise, with fewer heads.
    ///   - ranges: the blocks of queries; `masks` as in ``QueryBlocks``.
    init(
        graph: Graph, rule: PropagationRule, queries: Tensor, keys: Tensor, values: Tensor,
        _ attention: SoftmaxAttention,
        ranges: [Range<Int>], masks: [Tensor]
    ) {
        self.graph = graph
        self.rule = rule
        self.attention = attention
        self.ranges = ranges
        self.masks = masks
        (width, heads, tokens) = (queries.shape[0], queries.shape[1], queries.shape[2])
        keyValueHeads = keys.shape[1]
        let end = ranges.last?.upperBound ?? 0
        let headsLast = { graph.padded(graph.contiguous(graph.permute($0, 0, 2, 1, 3)), axis: 1, to: end) }
        self.queries = headsLast(queries)
        self.keys = headsLast(keys)
        self.values = headsLast(values)
    }

    /// The attention weights of a block, `[seen, range, heads]`, and the scores that they come from.
    struct Weights {
        let value: Tensor
        let scores: AttentionScores
    }

    /// The heads' outputs `[width * heads, 1, tokens]`, and the attention weights where there is only one block.
    func output() -> (output: Tensor, weights: Weights?) {
        let transposedValues = transposed(values)
        var outputs: [Tensor] = []
        var lastWeights: Weights?
        for (range, mask) in zip(ranges, masks) {
            let weights = weights(columns(queries, range), range, mask)
            let seen = graph.slice(transposedValues, axis: 0, 0..<range.upperBound)
            let block = graph.multiplyMatrix(seen, perKeyHead(weights.value))
            outputs.append(graph.reshape(block, width, range.count, heads))
            lastWeights = weights
        }
        let joined = outputs.dropFirst().reduce(outputs[0]) { graph.concatenate($0, $1, axis: 1) }
        return (
            graph.reshape(headsInside(ofTokens(joined)), width * heads, 1, tokens),
            ranges.count == 1 ? lastWeights : nil
        )
    }

    /// Adjoints of queries, keys and values from the adjoint `[width * heads, 1, tokens, lanes]` of the output. Queries
    /// and keys have none where the rule takes the attention weights for constants.
    /// - Parameter kept: the attention weights, if they have been kept.
    func pullBack(_ adjoint: Tensor, kept: Weights?) -> (queries: Tensor?, keys: Tensor?, values: Tensor?) {
        let lanes = adjoint.shape[3]
        let outputAdjoint = graph.padded(
            headsInside(graph.reshape(adjoint, width, heads, tokens, lanes)), axis: 1, to: queries.shape[1])
        let transposedKeys = rule.passesThroughAttentionWeights ? transposed(keys) : nil
        var parts = Array(repeating: LaneAdjoints(), count: lanes)
        for (range, mask) in zip(ranges, masks) {
            let blockQueries = columns(queries, range)
            let weights = kept ?? weights(blockQueries, range, mask)
            let outputs = (0..<lanes).map { columns(graph.slice(outputAdjoint, axis: 3, $0..<$0 + 1), range) }
            // Queries and keys first, as `softmaxJacobian` asks for. Each block is put in order at once, so that its
            // weights are forgotten before the next block's are computed.
            if let transposedKeys {
                let transposedQueries = transposed(blockQueries)
                for lane in 0..<lanes {
                    let weightAdjoint = graph.multiplyMatrix(
                        graph.slice(values, axis: 1, 0..<range.upperBound), outputs[lane])
                    let scoreAdjoint = graph.softmaxJacobian(
                        graph.reshape(weightAdjoint, range.upperBound, range.count, heads), at: weights.value,
                        scale: weights.scores.scale * rule.scoreFactor)
                    let score = perKeyHead(weights.scores.scaled(scoreAdjoint, in: graph))
                    let seenKeys = graph.slice(transposedKeys, axis: 0, 0..<range.upperBound)
                    let query = graph.reshape(graph.multiplyMatrix(seenKeys, score), width, range.count, heads)
                    let allQueries = parts[lane].queries.map { graph.concatenate($0, query, axis: 1) } ?? query
                    let allKeys = sum(parts[lane].keys, graph.multiplyMatrix(transposedQueries, transposed(score)))
                    [allQueries, allKeys].forEach(graph.include)
                    (parts[lane].queries, parts[lane].keys) = (allQueries, allKeys)
                }
            }
            let transposedWeights = transposed(perKeyHead(weights.value))
            for lane in 0..<lanes {
                var value = graph.multiplyMatrix(transposed(outputs[lane]), transposedWeights)
                if rule.valueFactor != 1 { value = graph.scale(value, by: rule.valueFactor) }
                let allValues = sum(parts[lane].values, value)
                graph.include(allValues)
                parts[lane].values = allValues
            }
        }
        return (stacked(parts.map(\.queries)), stacked(parts.map(\.keys)), stacked(parts.map(\.values)))
    }

    /// The adjoints of one lane, `[width, tokens so far, heads]`.
    private struct LaneAdjoints {
        var queries, keys, values: Tensor?
    }

    private func weights(_ columns: Tensor, _ range: Range<Int>, _ mask: Tensor) -> Weights {
        let products = graph.multiplyMatrix(graph.slice(keys, axis: 1, 0..<range.upperBound), columns)
        let scores = AttentionScores(
            graph.reshape(products, range.upperBound, range.count, heads), attention, rule, in: graph)
        return Weights(
            value: graph.softmax(scores.value, mask: mask, scale: scores.scale, sinks: attention.sinks), scores: scores)
    }

    /// Adds the contribution of a block, which reaches the positions up to its end.
    private func sum(_ total: Tensor?, _ block: Tensor) -> Tensor {
        total.map { graph.add(block, graph.padded($0, axis: 1, to: block.shape[1])) } ?? block
    }

    /// `[width, tokens, heads]` of each lane to `[width, heads, tokens, lanes]`.
    private func stacked(_ lanes: [Tensor?]) -> Tensor? {
        let tensors = lanes.compactMap { $0.map { headsInside(ofTokens($0)) } }
        return tensors.first.map { tensors.dropFirst().reduce($0) { graph.concatenate($0, $1, axis: 3) } }
    }

    /// `[width, positions, heads]` without what follows the tokens.
    private func ofTokens(_ x: Tensor) -> Tensor { graph.slice(x, axis: 1, 0..<tokens) }

    private func transposed(_ x: Tensor) -> Tensor { graph.contiguous(graph.transpose(x)) }

    /// Dimensions 1 and 2 exchanged: `[width, tokens, heads]` to `[width, heads, tokens]`, or back.
    private func headsInside(_ x: Tensor) -> Tensor { graph.contiguous(graph.permute(x, 0, 2, 1, 3)) }

    /// The positions `range` of `[width, tokens, heads]`; heads that share a key head become one block of columns:
    /// `[width, range * group, keyValueHeads]`.
    private func columns(_ x: Tensor, _ range: Range<Int>) -> Tensor {
        perKeyHead(graph.contiguous(graph.slice(x, axis: 1, range)))
    }

    /// `[n, range, heads]` to `[n, range * group, keyValueHeads]`.
    private func perKeyHead(_ x: Tensor) -> Tensor {
        graph.reshape(x, x.shape[0], x.shape[1] * heads / keyValueHeads, keyValueHeads)
    }
}
