import TensorGraph

extension AttentionTemperature {
    /// The factors at `positions`, int32 `[positions]`: `[1, 1, positions]`. Half a position more keeps rounding from the edge of a
    /// period.
    func factors(_ positions: Tensor, in graph: Graph) -> Tensor {
        let periods = graph.floor(
            graph.scale(
                graph.converted(positions, to: .float32), by: 1 / Float(length), offset: (offset + 0.5) / Float(length))
        )
        let factors = graph.scale(
            graph.logarithm(graph.scale(periods, by: 1, offset: 1)), by: scale, offset: 1)
        return graph.reshape(factors, 1, 1, positions.elementCount)
    }
}
