import TensorGraph

extension DecoderBlock {
    /// - Parameter unnormed: what `x` is the norm of.
    func feedForward(_ weights: FeedForward, _ x: Activation, unnormed: Activation) -> Activation {
        switch weights {
        case .dense(let network): denseNetwork(network, x)
        case .experts(let mixture): self.mixture(mixture, x, routerInput: x)
        case .denseAndExperts(let both): denseAndExperts(both, x, unnormed)
        }
    }

    private func denseAndExperts(_ weights: DenseAndExperts, _ x: Activation, _ unnormed: Activation) -> Activation {
        let routerInput = propagator.scaled(
            normed(unnormed, weights.routerNorm), by: 1 / Float(configuration.embeddingLength).squareRoot())
        let experts = mixture(
            weights.experts, normed(unnormed, weights.expertInputNorm), routerInput: routerInput)
        return propagator.add(
            normed(denseNetwork(weights.dense, x), weights.denseNorm), normed(experts, weights.expertNorm))
    }

    private func mixture(_ weights: ExpertWeights, _ x: Activation, routerInput: Activation) -> Activation {
        guard let routing = configuration.experts?.routing else { return x }
        let routed = propagator.route(
            propagator.linear(routerInput, weights.router), routing, selectionBias: weights.selectionBias)
        let sum: Activation
        if routing.weighsInputs {
            sum = propagator.sumOfExperts(
                network(weights.experts, propagator.weighed(x, weights: routed.weights), experts: routed.experts))
        } else {
            sum = propagator.sumOfExperts(
                propagator.weighed(network(weights.experts, x, experts: routed.experts), weights: routed.weights))
        }
        guard let shared = weights.shared else { return sum }
        return propagator.add(sum, weighed(network(shared, x), weights.sharedRouter, x))
    }

    /// The shared expert's output times the sigmoid of its router: a mixture of one.
    private func weighed(_ output: Activation, _ router: LinearWeights?, _ x: Activation) -> Activation {
        guard let router else { return output }
        let routed = propagator.route(
            propagator.linear(x, router), Routing(gating: .sigmoid, chosenCount: 1), selectionBias: nil)
        return propagator.weighed(output, weights: routed.weights)
    }

    /// The network that all tokens pass, whose neurons regions may name.
    private func denseNetwork(_ weights: FeedForwardWeights, _ x: Activation) -> Activation {
        let neurons = neurons(weights, x, propagator.linear)
        return propagator.linear(
            propagator.marked(neurons, at: .init(layer: index, kind: .neurons)), weights.down)
    }

    /// - Parameter experts: of each token, where the matrices are those of experts.
    private func network(_ weights: FeedForwardWeights, _ x: Activation, experts: Tensor? = nil) -> Activation {
        func linear(_ x: Activation, _ layers: [LinearWeights]) -> [Activation] {
            experts.map { experts in layers.map { propagator.linear(x, $0, experts: experts) } }
                ?? propagator.linear(x, layers)
        }
        return linear(neurons(weights, x, linear), [weights.down])[0]
    }

    /// What the last matrix of a network reads.
    private func neurons(
        _ weights: FeedForwardWeights, _ x: Activation, _ linear: (Activation, [LinearWeights]) -> [Activation]
    ) -> Activation {
        let parts = linear(x, (weights.gate.map { [$0] } ?? []) + [weights.up])
        if weights.gate == nil, !weights.isFused {
            return propagator.activated(parts[0], configuration.activation)
        }
        var (gate, up) = (parts[0], parts[parts.count - 1])
        if weights.isFused {
            let width = weights.down.weight.shape[0]
            (gate, up) = (propagator.slice(gate, 0..<width), propagator.slice(up, width..<2 * width))
        }
        if let clamp = configuration.gateClamp {
            gate = propagator.activated(gate, .limited(clamp))
            up = propagator.shifted(propagator.activated(up, .clamped(clamp)), by: 1)
        }
        return propagator.gatedProduct(gate: gate, up: up, configuration.activation)
    }
}
