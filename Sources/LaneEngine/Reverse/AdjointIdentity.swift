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
            func random(_ count: Int) -> [Float] { (0..<count).map { _ in Float(generator.nextUniform() - 0.5) } }
            let (count, inputs) = (residualStream[layer].count, inputs(ofLayer: layer))
            let (direction, covector) = (random(count), random(count))
            let directions = ReverseLayer.Inputs(
                perLayer: inputs.perLayer.map { random($0.count) },
                keysAndValues: inputs.keysAndValues.map {
                    .init(keys: random($0.keys.count), values: random($0.values.count))
                })
            let (weights, buffer) = try layers[layer].decoded()
            let error = try withExtendedLifetime(buffer) {
                let pushed = try pushForward(
                    direction, directions, [RegionOfInterest()], layer, weights, rule, fused: fused)[0]
                let pulled = try ReverseLayer(
                    model.configuration, weights: weights, index: layer, inputs: inputs, of: sequence
                )
                .pullBack(covector, input: residualStream[layer], rule: rule)
                let expected = zip([direction] + directions.all, [pulled.adjoint] + pulled.inputAdjoints.all)
                    .reduce(0) { $0 + Self.dot($1.0, $1.1) }
                return Self.error(of: pushed, along: covector, against: expected)
            }
            try progress(Double(layer + 1) / Double(layers.count))
            return error
        }
    }

    /// For each layer the same for what begins inside it: the tangents of random weights on its heads, on its neurons, and along a
    /// random direction and a random feature behind it, against the relevance that reverse mode reads there.
    /// - Throws: ``TensorGraphError``, and what `progress` throws.
    public func regionErrors(
        rule: PropagationRule, fused: Bool = true, seed: UInt64 = 0, progress: (Double) throws -> Void = { _ in }
    ) throws -> [Double] {
        var generator = SeededGenerator(seed: seed)
        func random(_ count: Int) -> [Double] { (0..<count).map { _ in generator.nextUniform() - 0.5 } }
        let layers = model.weights.layers
        return try layers.indices.map { layer in
            let width = model.configuration.embeddingLength
            let covector = random(residualStream[layer].count).map { Float($0) }
            let heads = random(model.configuration.attention[layer].headCount)
            let neurons = random(model.neuronCount(layer: layer))
            let direction = RegionOfInterest.Direction(layer: layer, vector: random(width).map { Float($0) })
            let feature = RegionOfInterest.Feature(
                layer: layer, encoder: random(width).map { Float($0) }, bias: 0.1,
                decoder: random(width).map { Float($0) })
            let regions = [
                RegionOfInterest(
                    heads: Dictionary(
                        uniqueKeysWithValues: heads.enumerated().map { (.init(layer: layer, head: $0), $1) })),
                RegionOfInterest(
                    neurons: Dictionary(
                        uniqueKeysWithValues: neurons.enumerated().map { (.init(layer: layer, index: $0), $1) })),
                RegionOfInterest(directions: [direction: 2]),
                RegionOfInterest(features: [feature: -1.5]),
            ].filter { !$0.isEmpty }
            let (weights, buffer) = try layers[layer].decoded()
            let errors = try withExtendedLifetime(buffer) {
                let zero = [Float](repeating: 0, count: covector.count)
                let inputs = inputs(ofLayer: layer)
                let pushed = try pushForward(zero, inputs.zero, regions, layer, weights, rule, fused: fused)
                let reverse = ReverseLayer(
                    model.configuration, weights: weights, index: layer, inputs: inputs, of: sequence)
                let result = try reverse.pullBack(
                    covector, input: residualStream[layer], rule: rule, reading: .init(neurons: true))
                let output = try reverse.output(residualStream[layer]).residualStream
                return zip(regions, pushed).map { region, pushed in
                    var relevance = 0.0
                    for (head, weight) in region.heads {
                        relevance += result.heads[0].reduce(0) { $0 + weight * $1[head.head] }
                    }
                    for (neuron, weight) in region.neurons { relevance += weight * result.neurons[0][neuron.index] }
                    for (direction, weight) in region.directions {
                        let feature = RegionOfInterest.Feature(direction)
                        relevance += weight * feature.relevance(of: output, adjoint: covector)
                    }
                    for (feature, weight) in region.features {
                        relevance += weight * feature.relevance(of: output, adjoint: covector)
                    }
                    return Self.error(of: pushed, along: covector, against: relevance)
                }
            }
            try progress(Double(layer + 1) / Double(layers.count))
            return errors.max() ?? 0
        }
    }

    /// How far `<pushed, covector>` is from what it should be, relative to the size that such a product has.
    private static func error(of pushed: [Float], along covector: [Float], against expected: Double) -> Double {
        let size = (dot(pushed, pushed) * dot(covector, covector) / Double(covector.count)).squareRoot()
        return abs(dot(pushed, covector) - expected) / max(size, .leastNormalMagnitude)
    }

    /// The tangents of the layer's output for tangents of its inputs and regions inside it, one for each region.
    private func pushForward(
        _ tangent: [Float], _ tangents: ReverseLayer.Inputs, _ regions: [RegionOfInterest], _ layer: Int,
        _ weights: TransformerWeights.Layer,
        _ rule: PropagationRule, fused: Bool
    ) throws -> [[Float]] {
        let laneCount = 1 + regions.count
        let memory = try SequenceMemory(
            model,
            cache: LaneCache(
                model, contextLength: tokens.count, laneCount: laneCount,
                storage: CacheStorage(keys: .float32, values: .float32, windowMargin: nil)), regions: regions)
        let graph = try Graph(capacity: 1024 + 256 * laneCount)
        let x = graph.input(.float32, model.configuration.embeddingLength, 1, laneCount * tokens.count, name: "lanes")
        let positions = graph.input(.int32, laneCount * tokens.count, name: "positions")
        let layout = LaneLayout(groups: [.init(tokenCount: tokens.count, laneCount: laneCount, rule: rule)])
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
                memory.layers, start: 0, tokenCount: tokens.count, queryCount: tokens.count, laneCount: laneCount,
                columns: place, queryColumns: place, rule: .init(rule))
        ])
        let operations: any LaneOperations =
            fused && model.layerDevices[layer] == nil
            ? FusedLaneOperations(columns, batch, model.configuration, threadCount: sequence.stream.threadCount)
            : ComposedLaneOperations(columns: columns, parts: [part])
        let lanes = ForwardLanes(
            columns: columns, positions: positions, wantedPositions: positions, wantedColumns: nil,
            operations: operations, batch: batch,
            deltaNetScratch: graph.laneDeltaNetScratch(
                width: model.configuration.deltaNetWidth, threadCount: sequence.stream.threadCount),
            places: memory.regions.places)
        let block = DecoderBlock(
            propagator: lanes, configuration: model.configuration, weights: weights, index: layer,
            contextLength: tokens.count)
        let inputs = inputs(ofLayer: layer)
        let length = model.configuration.perLayerEmbeddingLength ?? 0
        let perLayer = inputs.perLayer.map { _ in
            graph.input(.float32, length, 1, laneCount * tokens.count, name: "embeddings for the layer")
        }
        let y = block(x, perLayerInput: perLayer)
        graph.output(y)
        // A layer may have no use for them, but they are written.
        graph.include(positions)
        let plan = try GraphPlan(graph, on: sequence.stream)
        func allLanes(_ primal: [Float], _ tangent: [Float]) -> [Float] { primal + regions.flatMap { _ in tangent } }
        x.write(allLanes(residualStream[layer], tangent))
        if let own = inputs.perLayer, let tangent = tangents.perLayer { perLayer?.write(allLanes(own, tangent)) }
        if let own = inputs.keysAndValues, let tangent = tangents.keysAndValues {
            for lane in 0..<laneCount {
                let values = lane == 0 ? own : tangent
                memory.cache.keys(layer: layer, lane: lane).write(positions: values.keys)
                memory.cache.values(layer: layer, lane: lane).write(positions: values.values)
            }
        }
        positions.write((0..<laneCount).flatMap { _ in tokens.indices.map { Int32($0) } })
        part.inputs?.write(start: 0)
        return try plan.compute { Array(y.readFloats().split(into: tangent.count).dropFirst()) }
    }

    private static func dot(_ a: [Float], _ b: [Float]) -> Double {
        zip(a, b).reduce(0) { $0 + Double($1.0) * Double($1.1) }
    }
}

extension ReverseLayer.Inputs {
    fileprivate var all: [[Float]] {
        (perLayer.map { [$0] } ?? []) + (keysAndValues.map { [$0.keys, $0.values] } ?? [])
    }

    fileprivate var zero: Self {
        func zeros(_ values: [Float]) -> [Float] { Array(repeating: 0, count: values.count) }
        return Self(
            perLayer: perLayer.map(zeros),
            keysAndValues: keysAndValues.map { .init(keys: zeros($0.keys), values: zeros($0.values)) })
    }
}

extension Tensor {
    /// Fills the first rows of a cache `[headWidth, rows, heads]` with `[headWidth, heads]` of each position.
    fileprivate func write(positions values: [Float]) {
        let (width, rows, heads) = (shape[0], shape[1], shape[2])
        var all = [Float](repeating: 0, count: elementCount)
        for (index, value) in values.enumerated() {
            let (element, head, row) = (index % width, index / width % heads, index / width / heads)
            all[(head * rows + row) * width + element] = value
        }
        write(all)
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
