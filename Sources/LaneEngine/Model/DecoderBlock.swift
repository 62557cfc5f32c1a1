import TensorGraph

/// One layer of a decoder-only transformer, and the way through all of them, written once for every family and for
/// every way of propagating: `Propagation` decides what an activation is and what each step does to it.
struct DecoderBlock<Propagator: Propagation> {
    typealias Activation = Propagator.Activation

    let propagator: Propagator
    let configuration: ModelConfiguration
    let weights: TransformerWeights.Layer
    let index: Int
    /// Positions that the sequence may come to have, which decides between tables of rotary factors.
    let contextLength: Int

    /// `h = x + attention(norm(x))`, then `h + feedForward(norm(h))`; with norms after the sub-layers their results are normed
    /// too. In parallel, or where there is no norm for it, the feed-forward network reads what attention reads.
    func callAsFunction(_ x: Activation) -> Activation {
        let input = normed(x, weights.attentionNorm)
        let attended = propagator.add(propagator.wanted(x), scaled(normed(attention(input), weights.postAttentionNorm)))
        let isParallel =
            configuration.isParallel || (weights.feedForwardNorm == nil && weights.postFeedForwardNorm == nil)
        let transformed = feedForward(
            isParallel ? propagator.wanted(input) : normed(attended, weights.feedForwardNorm))
        return propagator.add(attended, scaled(normed(transformed, weights.postFeedForwardNorm)))
    }

    private func scaled(_ x: Activation) -> Activation { propagator.scaled(x, by: configuration.residualScale) }

    private func normed(_ x: Activation, _ norm: NormWeights?) -> Activation {
        guard let norm else { return x }
        return propagator.normed(x, norm, configuration.norm, epsilon: configuration.normEpsilon)
    }
}

// MARK: Attention

extension DecoderBlock {
    private func attention(_ x: Activation) -> Activation {
        let (layer, weights) = (configuration.attention[index], weights.attention)
        let projected = propagator.projections(x, query: weights.query, key: weights.key, value: weights.value)
        let queries = positioned(heads(projected[0], configuration.headCount, weights.queryNorm))
        let keys = positioned(heads(projected[1], configuration.keyValueHeadCount, weights.keyNorm))
        let attended = propagator.attention(
            queries: configuration.attentionTemperature.map { propagator.tempered(queries, $0) } ?? queries, keys: keys,
            values: heads(projected[2], configuration.keyValueHeadCount, nil),
            SoftmaxAttention(
                scale: configuration.attentionScale, slidingWindow: layer.slidingWindow,
                softcap: configuration.attentionSoftcap, sinks: weights.sinks),
            layer: index)
        return propagator.linear(attended, weights.output)
    }

    /// Heads, each normed by itself, or all of them before they are told apart.
    private func heads(_ x: Activation, _ count: Int, _ norm: NormWeights?) -> Activation {
        let isWhole = count > 1 && norm?.gain?.shape[0] == count * configuration.headWidth
        return isWhole
            ? propagator.splitHeads(normed(x, norm), count: count)
            : normed(propagator.splitHeads(x, count: count), norm)
    }

    private func positioned(_ x: Activation) -> Activation {
        guard let rope = configuration.attention[index].rope else { return x }
        let isLong = contextLength > configuration.originalContextLength
        return propagator.rotate(x, rope, factors: isLong ? weights.ropeFactors?.long : weights.ropeFactors?.short)
    }
}

// MARK: Feed-forward network

extension DecoderBlock {
    private func feedForward(_ x: Activation) -> Activation {
        switch weights.feedForward {
        case .dense(let network): self.network(network, x)
        case .experts(let mixture): self.mixture(mixture, x)
        }
    }

    private func mixture(_ weights: ExpertWeights, _ x: Activation) -> Activation {
        guard let routing = configuration.experts?.routing else { return x }
        let routed = propagator.route(
            propagator.linear(x, weights.router), routing, selectionBias: weights.selectionBias)
        let outputs = network(weights.experts, x, experts: routed.experts)
        let sum = propagator.weightedSum(outputs, weights: routed.weights)
        guard let shared = weights.shared else { return sum }
        return propagator.add(sum, weighed(network(shared, x), weights.sharedRouter, x))
    }

    /// The shared expert's output times the sigmoid of its router: a mixture of one.
    private func weighed(_ output: Activation, _ router: LinearWeights?, _ x: Activation) -> Activation {
        guard let router else { return output }
        let routed = propagator.route(
            propagator.linear(x, router), Routing(gating: .sigmoid, chosenCount: 1), selectionBias: nil)
        return propagator.weightedSum(output, weights: routed.weights)
    }

    /// - Parameter experts: of each token, where the matrices are those of experts.
    private func network(_ weights: FeedForwardWeights, _ x: Activation, experts: Tensor? = nil) -> Activation {
        func linear(_ x: Activation, _ layers: [LinearWeights]) -> [Activation] {
            experts.map { experts in layers.map { propagator.linear(x, $0, experts: experts) } }
                ?? propagator.linear(x, layers)
        }
        guard let gateWeights = weights.gate else {
            let up = linear(x, [weights.up])[0]
            return linear(propagator.activated(up, configuration.activation), [weights.down])[0]
        }
        let parts = linear(x, [gateWeights, weights.up])
        var (gate, up) = (parts[0], parts[1])
        if let clamp = configuration.gateClamp {
            gate = propagator.activated(gate, .limited(clamp))
            up = propagator.shifted(propagator.activated(up, .clamped(clamp)), by: 1)
        }
        return linear(propagator.gatedProduct(gate: gate, up: up, configuration.activation), [weights.down])[0]
    }
}
