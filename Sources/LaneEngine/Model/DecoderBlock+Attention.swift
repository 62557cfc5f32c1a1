import TensorGraph

extension DecoderBlock {
    private var shape: ModelConfiguration.LayerAttention { configuration.attention[index] }

    func attention(_ weights: AttentionWeights, _ x: Activation) -> Activation {
        switch weights {
        case .heads(let weights): headAttention(weights, x)
        case .latent(let weights): latentAttention(weights, x)
        case .deltaNet(let weights): deltaNet(weights, x)
        case .linear(let weights): propagator.linear(propagator.wanted(x), weights)
        }
    }

    private func headAttention(_ weights: HeadWeights, _ x: Activation) -> Activation {
        let projected = propagator.projections(
            x, query: weights.query, others: [weights.key, weights.value].compactMap { $0 })
        let (query, gates) = queriesAndGates(projected[0])
        let queries = positioned(query, shape.headCount, weights.queryNorm)
        let attended = attend(
            queries: queries, keysAndValues: keysAndValues(weights, projected[1...]), sinks: weights.sinks)
        return propagator.linear(gates.map { propagator.damped(attended, by: $0) } ?? attended, weights.output)
    }

    /// - Parameter projected: keys, and values unless keys serve as such; nothing where an earlier layer has made them.
    private func keysAndValues(
        _ weights: HeadWeights, _ projected: ArraySlice<Activation>
    ) -> (keys: Activation, values: Activation)? {
        guard let key = projected.first, let value = projected.last else { return nil }
        return (
            positioned(key, shape.keyValueHeadCount, weights.keyNorm),
            heads(value, shape.keyValueHeadCount, weights.valueNorm)
        )
    }

    /// What the matrix of queries makes: head by head queries, and gates behind them where there are any.
    private func queriesAndGates(_ x: Activation) -> (queries: Activation, gates: Activation?) {
        guard configuration.gatesAttention else { return (x, nil) }
        let (both, width) = (propagator.splitHeads(x, count: shape.headCount), shape.headWidth)
        return (propagator.slice(both, 0..<width), propagator.slice(both, width..<2 * width))
    }

    /// Multi-head latent attention, with keys and values left in their latent form: see ``LatentAttention``.
    private func latentAttention(_ weights: LatentWeights, _ x: Activation) -> Activation {
        guard let latent = configuration.latentAttention else { return x }
        let wanted = propagator.wanted(x)
        let queryInput = weights.queryDown.map { normed(propagator.linear(wanted, $0), weights.queryNorm) } ?? wanted
        let queries = propagator.splitHeads(propagator.linear(queryInput, weights.query), count: shape.headCount)
        let unrotated = latent.keyWidth - latent.rotatedWidth
        let latentQueries = propagator.joined(
            propagator.linearByHead(propagator.slice(queries, 0..<unrotated), weights.key),
            rotated(propagator.slice(queries, unrotated..<latent.keyWidth)))
        let down = propagator.linear(x, weights.keyValueDown)
        let keys = propagator.joined(
            normed(propagator.slice(down, 0..<latent.rank), weights.keyValueNorm),
            rotated(propagator.slice(down, latent.rank..<latent.rank + latent.rotatedWidth)))
        // The keys serve as values: what the rotated part adds to the outputs is left out afterwards.
        let attended = propagator.splitHeads(
            attend(queries: latentQueries, keysAndValues: (keys, keys)), count: shape.headCount)
        return propagator.linear(
            propagator.linearByHead(propagator.slice(attended, 0..<latent.rank), weights.value), weights.output)
    }

    private func attend(
        queries: Activation, keysAndValues: (keys: Activation, values: Activation)?, sinks: Tensor? = nil
    ) -> Activation {
        propagator.attention(
            queries: shape.temperature.map { propagator.tempered(queries, $0) } ?? queries,
            keysAndValues: keysAndValues,
            SoftmaxAttention(
                keyValueHeadCount: shape.keyValueHeadCount, scale: configuration.attentionScale,
                slidingWindow: shape.slidingWindow, softcap: configuration.attentionSoftcap, sinks: sinks,
                servesOtherLayers: configuration.sharesKeysAndValues(ofLayer: index)),
            layer: index)
    }

    private func positioned(_ x: Activation, _ count: Int, _ norm: NormWeights?) -> Activation {
        configuration.normsAfterRotation
            ? normed(rotated(propagator.splitHeads(x, count: count)), norm) : rotated(heads(x, count, norm))
    }

    /// Heads, each normed by itself, or all of them before they are told apart.
    private func heads(_ x: Activation, _ count: Int, _ norm: NormWeights?) -> Activation {
        let isWhole = count > 1 && norm?.gain?.shape[0] == count * shape.headWidth
        return isWhole
            ? propagator.splitHeads(normed(x, norm), count: count)
            : normed(propagator.splitHeads(x, count: count), norm)
    }

    private func rotated(_ x: Activation) -> Activation {
        guard let rope = shape.rope else { return x }
        let isLong = contextLength > configuration.originalContextLength
        return propagator.rotate(x, rope, factors: isLong ? weights.ropeFactors?.long : weights.ropeFactors?.short)
    }
}
