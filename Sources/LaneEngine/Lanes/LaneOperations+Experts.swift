import TensorGraph

/// A mixture of experts for all lanes. The primal alone chooses: a position's experts serve all its lanes.
extension LaneOperations {
    private var graph: Graph { context.graph }

    /// - Parameter logits: `[experts, 1, tokens, lanes]`.
    func route(_ logits: Tensor, _ routing: Routing, selectionBias: Tensor?) -> (experts: Tensor, weights: Tensor) {
        let columns = { graph.reshape(graph.contiguous($0), logits.shape[0], logits.shape[2]) }
        let routed = RoutedExperts(columns(context.primal(logits)), routing, selectionBias: selectionBias, in: graph)
        guard context.rule.routingFactor != 0 else { return (routed.experts, routed.weights) }
        let lanes = [routed.weights] + (1..<logits.shape[3]).map { routed.tangent(columns(context.lane(logits, $0))) }
        return (routed.experts, lanes.dropFirst().reduce(lanes[0]) { graph.concatenate($0, $1, axis: 3) })
    }

    func multiplyMatrices(_ x: Tensor, _ weights: LinearWeights, experts: Tensor) -> Tensor {
        let shape = x.shape
        let (chosen, tokens, lanes) = (experts.shape[0], shape[2], shape[3])
        let columns = graph.reshape(graph.contiguous(x), shape[0], shape[1], tokens * lanes)
        let product = graph.multiplyMatrices(
            weights.weight, columns, experts: graph.repeatedColumns(experts, count: lanes))
        let chosenExperts = graph.reshape(experts, chosen * tokens)
        func ofExperts(_ vectors: Tensor, width: Int) -> Tensor {
            graph.reshape(
                graph.rows(graph.reshape(vectors, width, vectors.elementCount / width), chosenExperts), width, chosen,
                tokens)
        }
        var y = graph.reshape(product, product.shape[0], chosen, tokens, lanes)
        if let scale = weights.scale { y = graph.multiply(y, ofExperts(scale, width: 1)) }
        return weights.bias.map { context.biased(y, ofExperts($0, width: y.shape[0])) } ?? y
    }

    /// - Parameters:
    ///   - x: `[width, 1 or chosen, tokens, lanes]`.
    ///   - weights: `[1, chosen, tokens, lanes]`, or one lane where they are constants.
    func weighed(_ x: Tensor, weights: Tensor) -> Tensor {
        let (rule, shape, chosen) = (context.rule, x.shape, weights.shape[1])
        // ggml repeats the second factor alone.
        let primal = graph.repeated(context.primal(x), shape[0], chosen, shape[2], 1)
        let primalWeights = context.primal(weights)
        return context.joined(of: x, graph.multiply(primal, primalWeights)) {
            let (tangentCount, tangents) = (shape[3] - 1, context.tangents(x))
            let throughExperts = graph.scale(
                graph.multiply(
                    graph.repeated(tangents, shape[0], chosen, shape[2], tangentCount), primalWeights),
                by: rule.expertFactor)
            guard rule.routingFactor != 0 else { return throughExperts }
            let repeatedPrimal = graph.repeated(primal, shape[0], chosen, shape[2], tangentCount)
            return graph.add(
                throughExperts,
                graph.scale(graph.multiply(repeatedPrimal, context.tangents(weights)), by: rule.routingFactor))
        }
    }
}
