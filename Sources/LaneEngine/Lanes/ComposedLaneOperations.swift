import TensorGraph

/// Lane operations composed of ggml's own, which run on every device.
struct ComposedLaneOperations: LaneOperations {
    let context: LaneContext

    private var graph: Graph { context.graph }
    private var rule: PropagationRule { context.rule }
    private var laneCount: Int { context.laneCount }

    func linear(_ columns: Tensor, _ layers: [LinearWeights], tokenCount: Int) -> [Tensor] {
        layers.map { layer in
            let y = graph.multiplyMatrix(layer.weight, columns)
            guard let bias = layer.bias else { return y }
            let (width, lanes) = (y.shape[0], y.shape[1] / tokenCount)
            let perLane = graph.reshape(y, width, 1, tokenCount, lanes)
            // The other lanes get zeros.
            let biased = graph.add(perLane, graph.padded(graph.reshape(bias, width), axis: 3, to: lanes))
            return graph.reshape(biased, width, tokenCount * lanes)
        }
    }

    func add(_ a: Tensor, _ b: Tensor) -> Tensor { graph.add(a, b) }

    func rotate(_ x: Tensor, positions: Tensor, _ rope: RotaryEmbedding, factors: Tensor?) -> Tensor {
        graph.rotate(x, positions: positions, rope, factors: factors)
    }

    func rmsNorm(_ x: Tensor, gain: Tensor?, epsilon: Float) -> Tensor {
        let meanSquare = graph.meanOfRows(graph.square(context.primal(x)))
        let rms = graph.squareRoot(graph.scale(meanSquare, by: 1, offset: epsilon))
        var y = graph.divide(x, rms)
        if rule.norm == .derivative, x.shape[3] > 1 {
            // The derivative removes from the tangent its share along the normed primal.
            let normed = context.primal(y)
            let shape = y.shape
            let repeatedNormed = graph.repeated(normed, shape[0], shape[1], shape[2], shape[3] - 1)
            let share = graph.meanOfRows(graph.multiply(context.tangents(y), normed))
            y = graph.concatenate(
                normed, graph.subtract(context.tangents(y), graph.multiply(repeatedNormed, share)), axis: 3)
        }
        return gain.map { graph.multiply(y, $0) } ?? y
    }

    func gatedProduct(gate: Tensor, up: Tensor, _ function: ActivationFunction) -> Tensor {
        let (gate0, up0) = (context.primal(gate), context.primal(up))
        let factor = function.gate(gate0, in: graph)
        let activated = graph.multiply(gate0, factor)
        return context.joined(of: gate, graph.multiply(activated, up0)) {
            let throughUp = graph.scale(graph.multiply(context.tangents(up), activated), by: rule.upFactor)
            guard rule.gateFactor != 0 else { return throughUp }
            let slope = function.slope(gate0, gate: factor, activated: activated, rule.activation, in: graph)
            let throughGate = graph.multiply(graph.multiply(context.tangents(gate), slope), up0)
            return graph.add(throughUp, graph.scale(throughGate, by: rule.gateFactor))
        }
    }

    func attention(
        queries: Tensor, keys: Tensor, values: Tensor, _ attention: SoftmaxAttention, layer: Int,
        in sequence: LaneSequence
    ) -> Tensor {
        let (width, heads, tokens) = (queries.shape[0], queries.shape[1], queries.shape[2])
        let keyValueHeads = keys.shape[1]
        let history = sequence.inputs.historyLength
        // Query heads that share a key head form one block of columns: [width, tokens * group, keyValueHeads, lanes].
        let columns = graph.reshape(
            graph.contiguous(graph.permute(queries, 0, 2, 1, 3)), width, tokens * heads / keyValueHeads, keyValueHeads,
            laneCount)
        let (cachedKeys, cachedValues) = store(keys, values, layer: layer, in: sequence)

        func keyMatrix(_ lane: Int) -> Tensor {
            graph.slice(cachedKeys[lane], axis: 1, 0..<history)
        }
        func valueMatrix(_ lane: Int) -> Tensor {
            // A row of the product's left side is one element of the values at all positions.
            graph.contiguous(graph.permute(graph.slice(cachedValues[lane], axis: 1, 0..<history), 1, 0, 2, 3))
        }
        let primalValues = valueMatrix(0)
        func perHead(_ x: Tensor) -> Tensor { graph.reshape(x, x.shape[0], tokens, heads, x.shape[3]) }
        func perKeyHead(_ x: Tensor) -> Tensor {
            graph.reshape(x, history, tokens * heads / keyValueHeads, keyValueHeads)
        }

        // Attention weights and their tangents, [history, tokens, heads] for each lane.
        let usesAllQueries = laneCount > 1 && rule.passesThroughAttentionWeights
        let products = perHead(graph.multiplyMatrix(keyMatrix(0), usesAllQueries ? columns : context.primal(columns)))
        let scores = AttentionScores(context.primal(products), attention, rule, in: graph)
        let mask = sequence.inputs.mask(attention.slidingWindow).map { graph.suffix($0, axis: 1, tokens) }
        let weights = graph.softmax(scores.value, mask: mask, scale: scores.scale, sinks: attention.sinks)
        let output = graph.multiplyMatrix(primalValues, perKeyHead(weights))
        var lanes = [perHead(output)]
        for lane in 1..<laneCount {
            var tangent = graph.multiplyMatrix(valueMatrix(lane), perKeyHead(weights))
            if rule.valueFactor != 1 { tangent = graph.scale(tangent, by: rule.valueFactor) }
            if rule.passesThroughAttentionWeights {
                let fromKeys = perHead(graph.multiplyMatrix(keyMatrix(lane), context.primal(columns)))
                let scoreTangents = scores.scaled(graph.add(context.lane(products, lane), fromKeys), in: graph)
                let weightTangents = graph.softmaxJacobian(
                    scoreTangents, at: weights, scale: scores.scale * rule.scoreFactor)
                tangent = graph.add(graph.multiplyMatrix(primalValues, perKeyHead(weightTangents)), tangent)
            }
            tangent = perHead(tangent)
            if let weightsOfHeads = context.headWeights[layer] {
                tangent = graph.add(tangent, graph.multiply(lanes[0], context.lane(weightsOfHeads, lane - 1)))
            }
            lanes.append(tangent)
        }
        let stacked = lanes.dropFirst().reduce(lanes[0]) { graph.concatenate($0, $1, axis: 3) }
        return graph.reshape(graph.contiguous(graph.permute(stacked, 0, 2, 1, 3)), width * heads, 1, tokens, laneCount)
    }

    /// Writes keys and values of the new tokens into the cache; the results are the caches of each lane afterwards.
    private func store(
        _ keys: Tensor, _ values: Tensor, layer: Int, in sequence: LaneSequence
    ) -> (keys: [Tensor], values: [Tensor]) {
        let cache = sequence.cache
        func written(_ x: Tensor, _ lane: Int, into cache: Tensor) -> Tensor {
            graph.writeRows(
                graph.permute(context.lane(x, lane), 0, 2, 1, 3), into: cache, at: sequence.inputs.cacheRows)
        }
        return (
            (0..<laneCount).map { written(keys, $0, into: cache.keys(layer: layer, lane: $0)) },
            (0..<laneCount).map { written(values, $0, into: cache.values(layer: layer, lane: $0)) }
        )
    }
}
