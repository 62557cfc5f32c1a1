import TensorGraph

/// Layers that keep a state, over all positions of a sequence, and back.
extension ReverseTape {
    func convolved(_ x: Activation, _ weights: Tensor, layer: Int) -> Activation {
        let graph = graph
        return record(graph.laneConvolution(x.value, weights, layer: layer, of: nil)) {
            [(x.index, graph.convolutionBack($0, weights))]
        }
    }

    func deltaNet(
        _ x: Activation, decays: Activation, steps: Activation, _ net: Graph.LaneDeltaNet, layer: Int
    ) -> Activation {
        let (graph, scratch, width) = (graph, deltaNetScratch(width: net.width), x.value.shape[0])
        let value = graph.laneDeltaNet(
            x.value, decays: decays.value, steps: steps.value, net, layer: layer, of: nil, scratch: scratch)
        let outputs = record(value) { adjoint in
            let values = graph.deltaNetBack(
                adjoint, x.value, decays: decays.value, steps: steps.value, net, scratch: scratch)
            return [(x.index, graph.padded(values, before: width - value.shape[0], after: 0))]
        }
        return marked(outputs, at: .init(layer: layer, kind: .heads))
    }

    func damped(_ x: Activation, by gates: Activation) -> Activation {
        let (graph, shape) = (graph, x.value.shape)
        let factors = graph.sigmoid(graph.reshape(graph.contiguous(gates.value), shape[0], shape[1], shape[2]))
        return record(graph.multiply(x.value, factors)) { [(x.index, graph.multiply($0, factors))] }
    }
}
