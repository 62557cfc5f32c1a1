import TensorGraph

/// Forward mode: activations with any number of tangents beside them, all as columns of one matrix.
///
/// An activation is a tensor `[width, heads, tokens, lanes]`. Lane 0 is the primal, the model's own activation; every
/// other lane is a tangent, the sum over the region of `weight * relevance` on its way to the logits. Linear layers
/// don't tell lanes apart: all of them pass in one matrix product.
struct ForwardLanes: Propagation {
    let graph: Graph
    let rule: PropagationRule
    let laneCount: Int
    let inputs: AttentionInputs
    let cache: LaneCache
    /// For each layer in the region the weights of its heads, `[1, 1, heads, tangent lanes]`.
    let headWeights: [Int: Tensor]

    private var tangentLanes: Range<Int> { 1..<laneCount }

    private func lane(_ x: Tensor, _ index: Int) -> Tensor { graph.slice(x, axis: 3, index..<index + 1) }
    private func tangents(_ x: Tensor) -> Tensor { graph.slice(x, axis: 3, tangentLanes) }

    func linear(_ x: Tensor, _ weights: LinearWeights) -> Tensor {
        let shape = x.shape
        let columns = graph.reshape(x, shape[0] * shape[1], shape[2] * shape[3])
        let product = graph.multiplyMatrix(weights.weight, columns)
        let y = graph.reshape(product, product.shape[0], 1, shape[2], shape[3])
        guard let bias = weights.bias else { return y }
        // A bias is part of the primal only: the other lanes get zeros.
        return graph.add(y, graph.padded(graph.reshape(bias, bias.shape[0]), axis: 3, to: laneCount))
    }

    func rmsNorm(_ x: Tensor, gain: Tensor, epsilon: Float) -> Tensor {
        let primal = lane(x, 0)
        let meanSquare = graph.meanOfRows(graph.square(primal))
        let rms = graph.squareRoot(graph.scale(meanSquare, by: 1, offset: epsilon))
        var y = graph.divide(x, rms)
        if rule == .inputTimesGradient, laneCount > 1 {
            // The derivative removes from the tangent its share along the normed primal.
            let normed = lane(y, 0)
            let shape = y.shape
            let repeatedNormed = graph.repeated(normed, shape[0], shape[1], shape[2], laneCount - 1)
            let share = graph.meanOfRows(graph.multiply(tangents(y), normed))
            y = graph.concatenate(normed, graph.subtract(tangents(y), graph.multiply(repeatedNormed, share)), axis: 3)
        }
        return graph.multiply(y, gain)
    }

    func add(_ a: Tensor, _ b: Tensor) -> Tensor { graph.add(a, b) }

    func gatedProduct(gate: Tensor, up: Tensor, _ function: ActivationFunction) -> Tensor {
        let (gate0, up0) = (lane(gate, 0), lane(up, 0))
        let sigmoid = graph.sigmoid(gateArgument(gate0, function))
        if laneCount == 1 { return graph.multiply(graph.multiply(gate, sigmoid), up) }
        switch rule {
        case .attnLRP:
            // The rule maps the primal to itself, so that one formula serves all lanes.
            let activated = graph.multiply(gate, sigmoid)
            let both = graph.add(graph.multiply(activated, up0), graph.multiply(up, lane(activated, 0)))
            return graph.scale(both, by: 0.5)
        case .cpLRP:
            return graph.multiply(up, graph.multiply(gate0, sigmoid))
        case .inputTimesGradient:
            let activated = graph.multiply(gate0, sigmoid)
            let derivative = activationDerivative(gate0, sigmoid: sigmoid, activated: activated, function)
            let throughGate = graph.multiply(graph.multiply(tangents(gate), derivative), up0)
            let throughUp = graph.multiply(tangents(up), activated)
            return graph.concatenate(graph.multiply(activated, up0), graph.add(throughGate, throughUp), axis: 3)
        }
    }

    /// The argument `z(h)` of `gate(h) = sigmoid(z(h))`.
    private func gateArgument(_ h: Tensor, _ function: ActivationFunction) -> Tensor {
        switch function {
        case .silu: h
        case .geluTanh:
            graph.multiply(h, graph.scale(graph.square(h), by: Self.geluCubic, offset: Self.geluLinear))
        }
    }

    /// `2 sqrt(2 / pi)`, and that times 0.044715.
    private static let geluLinear: Float = 1.5957691216
    private static let geluCubic: Float = 0.0713548162726

    /// `d/dh (h sigmoid(z)) = sigmoid + h sigmoid (1 - sigmoid) z'`.
    private func activationDerivative(
        _ h: Tensor, sigmoid: Tensor, activated: Tensor, _ function: ActivationFunction
    ) -> Tensor {
        var slope = graph.subtract(activated, graph.multiply(activated, sigmoid))
        if function == .geluTanh {
            slope = graph.multiply(slope, graph.scale(graph.square(h), by: 3 * Self.geluCubic, offset: Self.geluLinear))
        }
        return graph.add(sigmoid, slope)
    }

    func splitHeads(_ x: Tensor, count: Int) -> Tensor {
        let shape = x.shape
        return graph.reshape(x, shape[0] / count, count, shape[2], shape[3])
    }

    func rotate(_ x: Tensor, _ rope: RotaryEmbedding, factors: Tensor?) -> Tensor {
        graph.rotate(x, positions: inputs.positions, rope, factors: factors)
    }

    func attention(
        queries: Tensor, keys: Tensor, values: Tensor, scale: Float, slidingWindow: Int?, layer: Int
    ) -> Tensor {
        let (width, heads, tokens) = (queries.shape[0], queries.shape[1], queries.shape[2])
        let keyValueHeads = keys.shape[1]
        let history = inputs.historyLength
        // Query heads that share a key head form one block of columns: [width, tokens * group, keyValueHeads, lanes].
        let columns = graph.reshape(
            graph.contiguous(graph.permute(queries, 0, 2, 1, 3)), width, tokens * heads / keyValueHeads, keyValueHeads,
            laneCount)
        let (cachedKeys, cachedValues) = store(keys, values, layer: layer)

        func keyMatrix(_ lane: Int) -> Tensor {
            let all = graph.reshape(cachedKeys[lane], width, keyValueHeads, cache.capacity)
            return graph.permute(graph.slice(all, axis: 2, 0..<history), 0, 2, 1, 3)
        }
        func valueMatrix(_ lane: Int) -> Tensor {
            let all = graph.reshape(cachedValues[lane], cache.capacity, width, keyValueHeads)
            return graph.slice(all, axis: 0, 0..<history)
        }
        func perHead(_ x: Tensor) -> Tensor { graph.reshape(x, x.shape[0], tokens, heads, x.shape[3]) }
        func perKeyHead(_ x: Tensor) -> Tensor {
            graph.reshape(x, history, tokens * heads / keyValueHeads, keyValueHeads)
        }

        // Attention weights and their tangents, [history, tokens, heads] for each lane.
        let usesAllQueries = laneCount > 1 && rule.passesThroughAttentionWeights
        let scores = perHead(graph.multiplyMatrix(keyMatrix(0), usesAllQueries ? columns : lane(columns, 0)))
        let weights = graph.softmax(lane(scores, 0), mask: inputs.mask(slidingWindow), scale: scale)
        let output = graph.multiplyMatrix(valueMatrix(0), perKeyHead(weights))
        var lanes = [perHead(output)]
        for lane in tangentLanes {
            var tangent = graph.multiplyMatrix(valueMatrix(lane), perKeyHead(weights))
            if rule.valueFactor != 1 { tangent = graph.scale(tangent, by: rule.valueFactor) }
            if rule.passesThroughAttentionWeights {
                let fromKeys = perHead(graph.multiplyMatrix(keyMatrix(lane), self.lane(columns, 0)))
                let scoreTangents = graph.add(self.lane(scores, lane), fromKeys)
                let weightTangents = graph.softmaxJacobian(
                    scoreTangents, at: weights, scale: scale * rule.queryKeyFactor)
                tangent = graph.add(graph.multiplyMatrix(valueMatrix(0), perKeyHead(weightTangents)), tangent)
            }
            tangent = perHead(tangent)
            if let weightsOfHeads = headWeights[layer] {
                tangent = graph.add(tangent, graph.multiply(lanes[0], self.lane(weightsOfHeads, lane - 1)))
            }
            lanes.append(tangent)
        }
        let stacked = lanes.dropFirst().reduce(lanes[0]) { graph.concatenate($0, $1, axis: 3) }
        return graph.reshape(graph.contiguous(graph.permute(stacked, 0, 2, 1, 3)), width * heads, 1, tokens, laneCount)
    }

    /// Writes keys and values of the new tokens into the cache; the results are the caches of each lane afterwards.
    private func store(_ keys: Tensor, _ values: Tensor, layer: Int) -> (keys: [Tensor], values: [Tensor]) {
        let (rowWidth, tokens) = (keys.shape[0] * keys.shape[1], keys.shape[2])
        var stored: (keys: [Tensor], values: [Tensor]) = ([], [])
        for lane in 0..<laneCount {
            let keyRows = graph.reshape(self.lane(keys, lane), rowWidth, tokens)
            stored.keys.append(graph.writeRows(keyRows, into: cache.keys(layer: layer, lane: lane), at: inputs.keyRows))
            // Values are kept transposed: each element is a row of its own.
            let elements = graph.reshape(self.lane(values, lane), 1, rowWidth * tokens)
            let destination = graph.reshape(cache.values(layer: layer, lane: lane), 1, rowWidth * cache.capacity)
            stored.values.append(graph.writeRows(elements, into: destination, at: inputs.valueRows))
        }
        return stored
    }
}
