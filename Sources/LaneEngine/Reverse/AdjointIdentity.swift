import TensorGraph

/// Forward and reverse mode are each other's transpose: `<M v, u> = <v, M^T u>` for every `v` and `u`. The two are
/// written apart, so that an error in either shows here, whatever the model.
extension ReverseAttribution {
    /// For each layer how far the two sides of the identity differ for random directions, relative to the size that an
    /// inner product of such vectors has: `|<M v, u> - <v, M^T u>| / (|M v| |u| / sqrt(n))`.
    ///
    /// Weights are decoded to float32 first, so that what is left is the rules' correctness and the rounding of float32.
    /// - Parameter fused: uses the forward kernels for all lanes at once; false for the operations that they stand for.
    /// - Throws: ``TensorGraphError`` where memory is short, and what `progress` throws.
    public func adjointErrors(
        rule: PropagationRule, fused: Bool = true, seed: UInt64 = 0, progress: (Double) throws -> Void = { _ in }
    ) throws -> [Double] {
        var generator = SeededGenerator(seed: seed)
        let layers = model.weights.layers
        return try layers.indices.map { layer in
            let count = residualStream[layer].count
            let direction = (0..<count).map { _ in Float(generator.nextUniform() - 0.5) }
            let covector = (0..<count).map { _ in Float(generator.nextUniform() - 0.5) }
            let (weights, buffer) = try layers[layer].decoded()
            let error = try withExtendedLifetime(buffer) {
                let pushed = try pushForward(direction, layer, weights, rule, fused: fused)
                let pulled = try ReverseLayer(
                    model.configuration, weights: weights, index: layer, blocks: blocks, on: stream
                )
                .pullBack(covector, input: residualStream[layer], rule: rule).adjoint
                let size = (Self.dot(pushed, pushed) * Self.dot(covector, covector) / Double(count)).squareRoot()
                return abs(Self.dot(pushed, covector) - Self.dot(direction, pulled)) / size
            }
            try progress(Double(layer + 1) / Double(layers.count))
            return error
        }
    }

    /// The tangent of the layer's output for a tangent of its input.
    private func pushForward(
        _ tangent: [Float], _ layer: Int, _ weights: TransformerWeights.Layer, _ rule: PropagationRule,
        fused: Bool
    ) throws -> [Float] {
        let memory = try SequenceMemory(
            model,
            cache: LaneCache(
                model, contextLength: tokens.count, laneCount: 2,
                storage: CacheStorage(keys: .float32, values: .float32, windowMargin: nil)), regions: [])
        let graph = try Graph(capacity: 1024)
        let x = graph.input(.float32, model.configuration.embeddingLength, 1, 2 * tokens.count, name: "lanes")
        let positions = graph.input(.int32, 2 * tokens.count, name: "positions")
        let layout = LaneLayout(groups: [.init(tokenCount: tokens.count, laneCount: 2, rule: rule)])
        let columns = LaneColumns(graph: graph, all: layout, wanted: layout)
        let part = BatchPart(
            group: 0, tokens: tokens.indices, wantedTokens: tokens.indices, memory: memory,
            inputs: fused
                ? nil
                : AttentionInputs(
                    graph, model.configuration, memory.cache.layout, tokenCount: tokens.count,
                    historyLength: memory.cache.layout.capacity))
        let batch = LaneBatch()
        let place = LaneSequence.Columns(first: 0, stride: tokens.count)
        batch.write([
            LaneSequence(
                memory.layers, start: 0, tokenCount: tokens.count, queryCount: tokens.count, laneCount: 2,
                columns: place, queryColumns: place, rule: .init(rule))
        ])
        let operations: any LaneOperations =
            fused
            ? FusedLaneOperations(columns, batch, model.configuration, threadCount: stream.threadCount)
            : ComposedLaneOperations(columns: columns, parts: [part])
        let lanes = ForwardLanes(
            columns: columns, positions: positions, wantedPositions: positions, wantedColumns: nil,
            operations: operations)
        let block = DecoderBlock(
            propagator: lanes, configuration: model.configuration, weights: weights, index: layer,
            contextLength: tokens.count)
        let y = block(x)
        graph.output(y)
        // A layer may have no use for them, but they are written.
        graph.include(positions)
        let plan = try GraphPlan(graph, on: stream)
        x.write(residualStream[layer] + tangent)
        positions.write((tokens.indices.map { Int32($0) } + tokens.indices.map { Int32($0) }))
        part.inputs?.write(start: 0)
        try plan.compute()
        return y.readFloats().split(into: tangent.count)[1]
    }

    private static func dot(_ a: [Float], _ b: [Float]) -> Double {
        zip(a, b).reduce(0) { $0 + Double($1.0) * Double($1.1) }
    }
}

extension TransformerWeights.Layer {
    /// The layer with its matrices in float32, which lie in the buffer beside it.
    fileprivate func decoded() throws -> (TransformerWeights.Layer, TensorBuffer) {
        let buffer = try TensorBuffer(
            matrices.map { (.float32, $0.mapped.shape) }, on: .cpu, purpose: "a layer in float32")
        var tensors = buffer.tensors.makeIterator()
        let decoded = mapMatrices { matrix in
            guard let tensor = tensors.next() else { return matrix }
            tensor.write(matrix.mapped.decoded())
            var decoded = matrix
            (decoded.weight, decoded.mapped, decoded.panels) = (tensor, tensor, nil)
            return decoded
        }
        return (decoded, buffer)
    }
}
