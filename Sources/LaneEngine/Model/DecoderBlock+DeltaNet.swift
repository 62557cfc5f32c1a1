import TensorGraph

extension DecoderBlock {
    /// `output(norm(deltaNet(silu(convolution(mixed(x))))) * silu(gate(x)))`: see ``DeltaNet``.
    func deltaNet(_ weights: DeltaNetWeights, _ x: Activation) -> Activation {
        guard let net = configuration.attention[index].deltaNet else { return x }
        let convolved = propagator.activated(
            propagator.convolved(propagator.linear(x, weights.mixed), weights.convolution, layer: index), .silu)
        let (decays, steps) = decaysAndSteps(weights, net, x)
        let outputs = propagator.deltaNet(
            convolved, decays: decays, steps: steps, net.lane(weights, epsilon: configuration.normEpsilon),
            layer: index)
        // Every position goes into the state; the outputs of some may be all that is wanted.
        let heads = propagator.splitHeads(propagator.wanted(outputs), count: net.valueHeadCount)
        let gates = propagator.splitHeads(
            propagator.linear(propagator.wanted(x), weights.gate), count: net.valueHeadCount)
        return propagator.linear(
            propagator.gatedProduct(gate: gates, up: normed(heads, weights.norm), .silu), weights.output)
    }

    private func decaysAndSteps(
        _ weights: DeltaNetWeights, _ net: DeltaNet, _ x: Activation
    ) -> (decays: Activation, steps: Activation) {
        let steps = propagator.linear(x, weights.step)
        if let decay = weights.decay { return (propagator.linear(x, decay), steps) }
        let (both, count) = (
            propagator.splitHeads(steps, count: net.keyHeadCount), net.valueHeadCount / net.keyHeadCount
        )
        return (propagator.slice(both, count..<2 * count), propagator.slice(both, 0..<count))
    }
}
