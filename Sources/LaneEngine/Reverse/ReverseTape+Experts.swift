import TensorGraph

/// A mixture of experts, forwards and back.
extension ReverseTape {
    func route(_ logits: Activation, _ routing: Routing, selectionBias: Tensor?) -> (
        experts: Tensor, weights: Activation
    ) {
        let (graph, rule, shape) = (graph, rule, logits.value.shape)
        let routed = RoutedExperts(
            graph.reshape(logits.value, shape[0], shape[2]), routing, selectionBias: selectionBias, in: graph)
        let weights = record(routed.weights) { adjoint in
            guard rule.routingFactor != 0 else { return [] }
            let lanes = (0..<adjoint.shape[3]).map { lane in
                let weights = graph.contiguous(graph.slice(adjoint, axis: 3, lane..<lane + 1))
                return graph.reshape(routed.adjoint(weights), shape[0], 1, shape[2])
            }
            return [(logits.index, lanes.dropFirst().reduce(lanes[0]) { graph.concatenate($0, $1, axis: 3) })]
        }
        return (routed.experts, weights)
    }

    func linear(_ x: Activation, _ weights: LinearWeights, experts: Tensor) -> Activation {
        let (graph, shape, chosen) = (graph, x.value.shape, experts.shape[0])
        let chosenExperts = graph.reshape(experts, chosen * shape[2])
        func ofExperts(_ vectors: Tensor, width: Int) -> Tensor {
            graph.reshape(
                graph.rows(graph.reshape(vectors, width, vectors.elementCount / width), chosenExperts), width, chosen,
                shape[2])
        }
        var y = graph.multiplyMatrices(weights.weight, x.value, experts: experts)
        let scale = weights.scale.map { ofExperts($0, width: 1) }
        if let scale { y = graph.multiply(y, scale) }
        if let bias = weights.bias { y = graph.add(y, ofExperts(bias, width: y.shape[0])) }
        return record(y) { adjoint in
            let lanes = adjoint.shape[3]
            let scaled = scale.map { graph.multiply(adjoint, $0) } ?? adjoint
            let columns = graph.reshape(graph.contiguous(scaled), adjoint.shape[0], chosen, shape[2] * lanes)
            let transposed = graph.multiplyTransposedMatrices(
                weights.mapped, columns, experts: graph.repeatedColumns(experts, count: lanes))
            let perExpert = graph.reshape(transposed, shape[0], chosen, shape[2], lanes)
            return [(x.index, shape[1] == chosen ? perExpert : graph.sum(perExpert, axis: 1))]
        }
    }

    func weighed(_ x: Activation, weights: Activation) -> Activation {
        let (graph, rule, shape, chosen) = (graph, rule, x.value.shape, weights.value.shape[1])
        let repeated = graph.repeated(x.value, shape[0], chosen, shape[2], 1)
        return record(graph.multiply(repeated, weights.value)) { adjoint in
            let perExpert = graph.scale(graph.multiply(adjoint, weights.value), by: rule.expertFactor)
            let toInput = (x.index, shape[1] == chosen ? perExpert : graph.sum(perExpert, axis: 1))
            guard rule.routingFactor != 0 else { return [toInput] }
            let toWeights = graph.scale(
                graph.sumOfRows(graph.multiply(adjoint, repeated)), by: rule.routingFactor)
            return [toInput, (weights.index, toWeights)]
        }
    }

    func sumOfExperts(_ x: Activation) -> Activation {
        let (graph, shape) = (graph, x.value.shape)
        return record(graph.sum(x.value, axis: 1)) { adjoint in
            [(x.index, graph.repeated(adjoint, shape[0], shape[1], shape[2], adjoint.shape[3]))]
        }
    }
}
