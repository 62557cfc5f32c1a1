import TensorGraph

/// Lane operations composed of ggml's own, which run on every device.
struct ComposedLaneOperations: LaneOperations {
    let columns: LaneColumns
    /// The sequences, group by group.
    let parts: [BatchPart]

    private var graph: Graph { columns.graph }

    func linear(_ x: Tensor, _ layers: [LinearWeights]) -> [Tensor] {
        layers.map { layer in
            let y = graph.multiplyMatrix(layer.weight, x)
            guard let bias = layer.bias else { return y }
            let biased = columns.eachGroup(graph.reshape(y, y.shape[0], 1, y.shape[1])) { context, part in
                context.biased(part, graph.reshape(bias, bias.elementCount))
            }
            return graph.reshape(biased, y.shape[0], y.shape[1])
        }
    }

    func add(_ a: Tensor, _ b: Tensor) -> Tensor { graph.add(a, b) }

    func softmax(_ x: Tensor) -> Tensor { graph.softmax(x) }

    func rotate(_ x: Tensor, positions: Tensor, _ rope: RotaryEmbedding, factors: Tensor?) -> Tensor {
        graph.rotate(x, positions: positions, rope, factors: factors)
    }

    func rmsNorm(_ x: Tensor, gain: Tensor?, epsilon: Float) -> Tensor {
        let y = columns.eachGroup(x) { context, x in
            let meanSquare = graph.meanOfRows(graph.square(context.primal(x)))
            let rms = graph.squareRoot(graph.scale(meanSquare, by: 1, offset: epsilon))
            let y = graph.divide(x, rms)
            guard context.rule.norm == .derivative, x.shape[3] > 1 else { return y }
            // The derivative removes from the tangent its share along the normed primal.
            let normed = context.primal(y)
            let shape = y.shape
            let repeatedNormed = graph.repeated(normed, shape[0], shape[1], shape[2], shape[3] - 1)
            let share = graph.meanOfRows(graph.multiply(context.tangents(y), normed))
            return graph.concatenate(
                normed, graph.subtract(context.tangents(y), graph.multiply(repeatedNormed, share)), axis: 3)
        }
        return gain.map { graph.multiply(y, $0) } ?? y
    }

    func gatedProduct(gate: Tensor, up: Tensor, _ function: ActivationFunction) -> Tensor {
        columns.eachGroup(gate, up) { context, gate, up in
            let (rule, gate0, up0) = (context.rule, context.primal(gate), context.primal(up))
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
    }

    func attention(
        queries: Tensor, keysAndValues: (keys: Tensor, values: Tensor)?, _ attention: SoftmaxAttention, layer: Int
    ) -> Tensor {
        eachPart(queries: queries, keysAndValues: keysAndValues, attention) { part, history, queries, keysAndValues in
            var cached = caches(of: part, layer: layer)
            if let (keys, values) = keysAndValues {
                cached = store(keys, values, into: cached, at: history.newRows)
                // Nothing else asks for what it has written, or who asks doesn't name it.
                if queries == nil || attention.servesOtherLayers {
                    (cached.keys + cached.values).forEach(graph.include)
                }
            }
            return queries.map { self.attention(queries: $0, cached, attention, layer: layer, part, history) }
        }
    }

    /// Those of all the sequence's lanes.
    func caches(of part: BatchPart, layer: Int) -> LaneCaches {
        let lanes = 0..<columns.all.groups[part.group].laneCount
        return LaneCaches(
            keys: lanes.map { part.memory.cache.keys(layer: layer, lane: $0) },
            values: lanes.map { part.memory.cache.values(layer: layer, lane: $0) })
    }

    /// What `body` makes of the tokens of each sequence: keys and values of all of them, `[headWidth, heads, tokens, lanes]`, nil
    /// where an earlier layer has made them, and queries of those that attend, nil where none does.
    func eachPart(
        queries: Tensor, keysAndValues: (keys: Tensor, values: Tensor)?, _ attention: SoftmaxAttention,
        _ body: (
            BatchPart, AttentionInputs.History, _ queries: Tensor?, _ keysAndValues: (keys: Tensor, values: Tensor)?
        ) -> Tensor?
    ) -> Tensor {
        let queryGroups = columns.groups(of: queries)
        let (keyGroups, valueGroups) = (
            keysAndValues.map { columns.groups(of: $0.keys) }, keysAndValues.map { columns.groups(of: $0.values) }
        )
        func tokens(_ range: Range<Int>, of group: Tensor) -> Tensor {
            range.count == group.shape[2] ? group : graph.contiguous(graph.slice(group, axis: 2, range))
        }
        var outputs = [[Tensor]](repeating: [], count: columns.all.groups.count)
        for part in parts {
            guard let history = part.inputs?.history(attention.slidingWindow) else { continue }
            let keys = keyGroups?[part.group].map { tokens(part.tokens, of: $0) }
            let values = valueGroups?[part.group].map { tokens(part.tokens, of: $0) }
            let attending = queries.shape[2] == columns.all.columnCount ? part.tokens : part.wantedTokens
            let own = attending.isEmpty ? nil : queryGroups[part.group].map { tokens(attending, of: $0) }
            let output = body(part, history, own, keys.flatMap { keys in values.map { (keys, $0) } })
            if let output { outputs[part.group].append(output) }
        }
        return columns.joined(
            outputs.filter { !$0.isEmpty }.map { group in
                group.dropFirst().reduce(group[0]) { graph.concatenate($0, $1, axis: 2) }
            })
    }

    /// Of one sequence: `[headWidth, heads, tokens, lanes]` to `[headWidth * heads, 1, tokens, lanes]`.
    private func attention(
        queries: Tensor, _ cached: LaneCaches, _ attention: SoftmaxAttention, layer: Int, _ part: BatchPart,
        _ history: AttentionInputs.History
    ) -> Tensor {
        let (width, heads, tokens, laneCount) = (
            queries.shape[0], queries.shape[1], queries.shape[2], queries.shape[3]
        )
        let keyValueHeads = cached.keys[0].shape[2]
        let rule = self.columns.all.groups[part.group].rule
        let context = LaneContext(graph: graph, rule: rule)
        // Query heads that share a key head form one block of columns: [width, tokens * group, keyValueHeads, lanes].
        let columns = graph.reshape(
            graph.contiguous(graph.permute(queries, 0, 2, 1, 3)), width, tokens * heads / keyValueHeads, keyValueHeads,
            laneCount)

        func keyMatrix(_ lane: Int) -> Tensor {
            graph.dequantised(graph.slice(cached.keys[lane], axis: 1, 0..<history.rowCount))
        }
        func valueMatrix(_ lane: Int) -> Tensor {
            // A row of the product's left side is one element of the values at all positions.
            let values = graph.dequantised(graph.slice(cached.values[lane], axis: 1, 0..<history.rowCount))
            return graph.contiguous(graph.permute(values, 1, 0, 2, 3))
        }
        let (primalKeys, primalValues) = (keyMatrix(0), valueMatrix(0))
        func perHead(_ x: Tensor) -> Tensor { graph.reshape(x, x.shape[0], tokens, heads, x.shape[3]) }
        func perKeyHead(_ x: Tensor) -> Tensor {
            graph.reshape(x, history.rowCount, tokens * heads / keyValueHeads, keyValueHeads)
        }

        // Attention weights and their tangents, [rows, tokens, heads] for each lane.
        let factors =
            part.scaledLayers.contains(layer) ? history.factors.map { graph.suffix($0, axis: 1, tokens) } : nil
        func products(_ keys: Tensor, _ lane: Int) -> Tensor {
            // Lane by lane: not every device repeats a matrix along the last dimension.
            let products = perHead(graph.multiplyMatrix(keys, context.lane(columns, lane)))
            return factors.map { graph.multiply(products, $0) } ?? products
        }
        let scores = AttentionScores(products(primalKeys, 0), attention, rule, in: graph)
        let mask = graph.suffix(history.mask, axis: 1, tokens)
        let weights = graph.softmax(scores.value, mask: mask, scale: scores.scale, sinks: attention.sinks)
        let output = graph.multiplyMatrix(primalValues, perKeyHead(weights))
        var lanes = [perHead(output)]
        for lane in 1..<laneCount {
            var tangent = graph.multiplyMatrix(valueMatrix(lane), perKeyHead(weights))
            if rule.valueFactor != 1 { tangent = graph.scale(tangent, by: rule.valueFactor) }
            if rule.passesThroughAttentionWeights {
                let scoreTangents = scores.scaled(
                    graph.add(products(primalKeys, lane), products(keyMatrix(lane), 0)), in: graph)
                let weightTangents = graph.softmaxJacobian(
                    scoreTangents, at: weights, scale: scores.scale * rule.scoreFactor)
                tangent = graph.add(graph.multiplyMatrix(primalValues, perKeyHead(weightTangents)), tangent)
            }
            tangent = perHead(tangent)
            if let weightsOfHeads = part.memory.regions.heads[layer] {
                tangent = graph.add(tangent, graph.multiply(lanes[0], context.lane(weightsOfHeads, lane - 1)))
            }
            lanes.append(tangent)
        }
        let stacked = lanes.dropFirst().reduce(lanes[0]) { graph.concatenate($0, $1, axis: 3) }
        return graph.reshape(graph.contiguous(graph.permute(stacked, 0, 2, 1, 3)), width * heads, 1, tokens, laneCount)
    }

    /// Writes keys and values of the new tokens into the cache; the results are the caches of each lane afterwards.
    private func store(
        _ keys: Tensor, _ values: Tensor, into caches: LaneCaches, at rows: Tensor
    ) -> LaneCaches {
        func written(_ x: Tensor, _ lane: Int, into cache: Tensor) -> Tensor {
            graph.writeRows(
                graph.permute(graph.slice(x, axis: 3, lane..<lane + 1), 0, 2, 1, 3), into: cache, at: rows)
        }
        let lanes = 0..<keys.shape[3]
        return LaneCaches(
            keys: lanes.map { written(keys, $0, into: caches.keys[$0]) },
            values: lanes.map { written(values, $0, into: caches.values[$0]) })
    }
}
