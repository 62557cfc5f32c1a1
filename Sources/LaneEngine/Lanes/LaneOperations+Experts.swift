import TensorGraph

/// A mixture of experts for all lanes. The primal alone chooses: a position's experts serve all its lanes.
extension LaneOperations {
    private var graph: Graph { columns.graph }

    /// - Parameter logits: `[experts, 1, columns]`.
    /// - Returns: the experts of each column, int32 `[chosen, columns]`, and their weights, `[1, chosen, columns]`.
    func route(_ logits: Tensor, _ routing: Routing, selectionBias: Tensor?) -> (experts: Tensor, weights: Tensor) {
        var experts: [Tensor] = []
        let weights = columns.eachGroup(logits) { context, logits in
            let (tokenCount, laneCount) = (logits.shape[2], logits.shape[3])
            let matrix = { graph.reshape(graph.contiguous($0), logits.shape[0], tokenCount) }
            let routed = RoutedExperts(matrix(context.primal(logits)), routing, selectionBias: selectionBias, in: graph)
            experts.append(graph.repeatedColumns(routed.experts, count: laneCount))
            guard context.rule.routingFactor != 0 else {
                return laneCount == 1 ? routed.weights : graph.padded(routed.weights, axis: 3, to: laneCount)
            }
            return (1..<laneCount).reduce(routed.weights) { lanes, lane in
                graph.concatenate(lanes, routed.tangent(matrix(context.lane(logits, lane))), axis: 3)
            }
        }
        return (experts.dropFirst().reduce(experts[0]) { graph.concatenate($0, $1, axis: 1) }, weights)
    }

    func multiplyMatrices(_ x: Tensor, _ weights: LinearWeights, experts: Tensor) -> Tensor {
        let (chosen, count) = (experts.shape[0], x.shape[2])
        let chosenExperts = graph.reshape(graph.contiguous(experts), chosen * count)
        func ofExperts(_ vectors: Tensor, width: Int) -> Tensor {
            graph.reshape(
                graph.rows(graph.reshape(vectors, width, vectors.elementCount / width), chosenExperts), width, chosen,
                count)
        }
        var y = graph.multiplyMatrices(weights.weight, graph.contiguous(x), experts: experts)
        if let scale = weights.scale { y = graph.multiply(y, ofExperts(scale, width: 1)) }
        guard let bias = weights.bias else { return y }
        return columns.eachGroup(y, ofExperts(bias, width: y.shape[0])) { context, y, bias in
            context.biased(y, context.primal(bias))
        }
    }

    /// - Parameters:
    ///   - x: `[width, 1 or chosen, columns]`.
    ///   - weights: `[1, chosen, columns]`; those of tangents are zero where they are constants.
    /// - Returns: `[width, chosen, columns]`.
    func weighed(_ x: Tensor, weights: Tensor) -> Tensor {
        columns.eachGroup(x, weights) { context, x, weights in
            let (rule, shape, chosen) = (context.rule, x.shape, weights.shape[1])
            // ggml repeats the second factor alone.
            let primal = graph.repeated(context.primal(x), shape[0], chosen, shape[2], 1)
            let primalWeights = context.primal(weights)
            return context.joined(of: x, graph.multiply(primal, primalWeights)) {
                let tangentCount = shape[3] - 1
                let tangents = graph.repeated(context.tangents(x), shape[0], chosen, shape[2], tangentCount)
                let throughExperts = graph.scale(graph.multiply(tangents, primalWeights), by: rule.expertFactor)
                guard rule.routingFactor != 0 else { return throughExperts }
                let repeatedPrimal = graph.repeated(primal, shape[0], chosen, shape[2], tangentCount)
                return graph.add(
                    throughExperts,
                    graph.scale(graph.multiply(repeatedPrimal, context.tangents(weights)), by: rule.routingFactor))
            }
        }
    }
}
