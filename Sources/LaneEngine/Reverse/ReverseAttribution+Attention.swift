extension ReverseAttribution {
    /// How much attention some tokens pay to each position: attention weights, meaned over layers, heads and these tokens. The
    /// numbers add up to 1, but for what attention sinks take.
    ///
    /// What attention looks at is no relevance (Jain and Wallace, arXiv 1902.10186); it is here to be compared with.
    /// - Parameter queries: positions, at least one.
    /// - Returns: `[tokens]`; nothing but zeros for a model without softmax attention.
    /// - Throws: ``TensorGraphError`` where memory is short, and what `progress` throws.
    public func attention(
        of queries: Range<Int>, progress: (Double) throws -> Void = { _ in }
    ) throws -> [Double] {
        let queries = queries.clamped(to: tokens.indices)
        var (sums, count) = (Array(repeating: 0.0, count: tokens.count), 0)
        for layer in 0..<model.configuration.layerCount {
            if let weights = try reverseLayer(layer).attentionWeights(residualStream[layer], of: queries) {
                for (position, weight) in weights.enumerated() { sums[position] += weight }
                count += queries.count * model.configuration.attention[layer].headCount
            }
            try progress(Double(layer + 1) / Double(model.configuration.layerCount))
        }
        return sums.map { $0 / Double(max(1, count)) }
    }
}
