import TensorGraph

/// The forward pass over a few new tokens of some sequences, as a graph that is kept and used again while its shape fits.
///
/// Every weight is read once for all of them. Where all attention is fused, a graph serves whichever sequences fill it.
package final class ForwardEvaluation {
    struct Shape: Hashable {
        /// All new tokens, and those whose output is wanted.
        var layout, wanted: LaneLayout
        /// Whether anything comes out; else only the caches are filled.
        var predicts: Bool
        /// Whether the output matrix is applied to the tangents too.
        var scoresAll: Bool
        /// For each layer whose input is to be read out too, how many tokens want it.
        var earlyCounts: [Int: Int]
        /// Where regions of the sequences begin behind attention.
        var regionPlaces: Set<RegionPlace>
        /// Whether what enters and leaves each layer's attention is read out; of a single token alone.
        var observesAttention: Bool
        /// Positions that the sequences may come to have.
        var contextLength: Int
        /// Where attention is composed, how much of each sequence takes part.
        var composed: [Extent]?

        struct Extent: Hashable {
            var group: Int
            var tokens, wantedTokens: Range<Int>
            /// Cached positions, rounded up.
            var historyLength: Int
            /// Layers that scale keys.
            var scaledLayers: Set<Int>
        }
    }

    let shape: Shape
    let plan: GraphPlan
    private let tokens, positions, wantedPositions: Tensor
    private let wantedColumns: Tensor?
    /// `[1, 1, columns]`; nil where the primal is the only lane.
    private let laneWeights: Tensor?
    private let batch = LaneBatch(), wantedBatch = LaneBatch()
    private let parts: [BatchPart]
    private let lastOwnKeyValueLayer: Int
    private var logits, probabilities, hidden: Tensor?
    /// Of each early layer the columns asked for, and what comes out.
    private var early: [Int: (columns: Tensor, logits: Tensor)] = [:]
    private let observer: AttentionObserver?

    /// - Parameter memories: of the sequences, where attention is composed.
    init(
        _ model: LanguageModel, _ shape: Shape, memories: [SequenceMemory], fusesOperations: Bool,
        on stream: ComputeStream
    ) throws {
        self.shape = shape
        let configuration = model.configuration
        lastOwnKeyValueLayer = configuration.lastOwnKeyValueLayer
        let (layout, wanted) = (shape.layout, shape.wanted)
        let tensorsPerGroup = 80 + 20 * layout.mostLanes
        let tensorsPerSequence = 60 + 130 * layout.mostLanes
        let graph = try Graph(
            capacity: 256 + configuration.layerCount
                * (100 + tensorsPerGroup * layout.groups.count + tensorsPerSequence * (shape.composed?.count ?? 0)))
        let columns = LaneColumns(graph: graph, all: layout, wanted: wanted)
        tokens = graph.input(.int32, layout.columnCount, name: "tokens")
        let positions = graph.input(.int32, layout.columnCount, name: "positions")
        self.positions = positions
        let wantedColumns =
            layout == wanted ? nil : graph.input(.int32, wanted.columnCount, name: "wanted columns")
        self.wantedColumns = wantedColumns
        let wantedPositions =
            layout == wanted ? positions : graph.input(.int32, wanted.columnCount, name: "wanted positions")
        self.wantedPositions = wantedPositions
        laneWeights =
            layout.mostLanes == 1 ? nil : graph.input(.float32, 1, 1, layout.columnCount, name: "lane weights")
        let parts = zip(shape.composed ?? [], memories).map { extent, memory in
            BatchPart(
                group: extent.group, tokens: extent.tokens, wantedTokens: extent.wantedTokens, memory: memory,
                inputs: AttentionInputs(
                    graph, configuration, memory.cache.layout, tokenCount: extent.tokens.count,
                    historyLength: extent.historyLength, scalesKeys: !extent.scaledLayers.isEmpty),
                scaledLayers: extent.scaledLayers)
        }
        self.parts = parts
        let composed = ComposedLaneOperations(columns: columns, parts: parts)
        let (batch, wantedBatch) = (batch, wantedBatch)
        let fused = FusedLaneOperations(columns, batch, configuration, threadCount: stream.threadCount)
        let lastFused = fused.with(wantedBatch)
        let deltaNetScratch = graph.laneDeltaNetScratch(
            width: configuration.deltaNetWidth, threadCount: stream.threadCount)
        let observer = shape.observesAttention ? AttentionObserver() : nil
        self.observer = observer
        /// - Parameters:
        ///   - isLast: whether outputs that aren't wanted are of no use behind the layer.
        ///   - narrows: whether they are left out there, and not before.
        func propagator(_ device: Int?, isLast: Bool, narrows: Bool = false) -> ForwardLanes {
            let isFused =
                shape.composed == nil || (fusesOperations && device == nil && layout.mostLanes <= Graph.laneLimit)
            let operations: any LaneOperations
            if isFused {
                operations = isLast ? lastFused : fused
            } else if let device, let own = DeviceLaneOperations(composed, on: model.devices[device]) {
                operations = own
            } else {
                operations = composed
            }
            return ForwardLanes(
                columns: columns, positions: positions, wantedPositions: wantedPositions,
                wantedColumns: narrows ? wantedColumns : nil,
                operations: operations, batch: isLast ? wantedBatch : batch, deltaNetScratch: deltaNetScratch,
                places: shape.regionPlaces, observer: observer)
        }

        let (tokens, laneWeights) = (tokens, laneWeights)
        /// Each lane starts as its weights times the embeddings; the primal's weight is 1.
        func embeddings(_ table: Tensor, scale: Float) -> Tensor {
            let rows = graph.reshape(graph.rows(table, tokens), table.shape[0], 1, layout.columnCount)
            let scaled = scale == 1 ? rows : graph.scale(rows, by: scale)
            return laneWeights.map { graph.multiply(scaled, $0) } ?? scaled
        }
        var x = embeddings(model.weights.embedding, scale: configuration.embeddingScale)
        let perLayerLength = configuration.perLayerEmbeddingLength ?? 0
        var perLayerInputs = model.weights.perLayerEmbeddings.map { weights in
            propagator(nil, isLast: false).perLayerInputs(
                x, embeddings(weights.table, scale: Float(perLayerLength).squareRoot()), weights, configuration)
        }
        // In one go with the other embeddings, before ours and ggml's operations take turns.
        perLayerInputs.map(graph.include)
        let last = configuration.lastOwnKeyValueLayer
        var earlyInputs: [Int: Tensor] = [:]
        for (index, weights) in model.weights.layers.enumerated() where shape.predicts || index <= last {
            if shape.earlyCounts[index] != nil { earlyInputs[index] = x }
            let propagator = propagator(
                model.layerDevices[index], isLast: index >= last, narrows: index == last)
            perLayerInputs = perLayerInputs.map(propagator.wanted)
            let block = DecoderBlock(
                propagator: propagator, configuration: configuration, weights: weights, index: index,
                contextLength: shape.contextLength)
            x = block(
                x,
                perLayerInput: perLayerInputs.map {
                    propagator.perLayerInput($0, layer: index, length: perLayerLength)
                })
        }
        if shape.predicts {
            let propagator = propagator(model.layerDevices.last ?? nil, isLast: true)
            let normed = propagator.scaled(
                propagator.normed(
                    x, model.weights.outputNorm, configuration.norm, epsilon: configuration.normEpsilon),
                by: configuration.logitScale)
            func logits(_ x: Tensor) -> Tensor {
                let product = propagator.linear(x, model.weights.output)
                return configuration.logitSoftcap.map { propagator.activated(product, .softcapped($0)) } ?? product
            }
            let product = logits(shape.scoresAll ? normed : graph.contiguous(columns.primal(normed)))
            let distribution = propagator.operations.softmax(
                shape.scoresAll ? graph.contiguous(columns.primal(product)) : product)
            [product, distribution, normed].forEach(graph.output)
            (self.logits, probabilities, hidden) = (product, distribution, normed)
            for (layer, input) in earlyInputs.sorted(by: { $0.key < $1.key }) {
                let count = shape.earlyCounts[layer] ?? 0
                let chosen = graph.input(.int32, count, name: "early columns")
                let rows = graph.rows(graph.reshape(input, input.shape[0], input.shape[2]), chosen)
                let result = logits(graph.reshape(rows, input.shape[0], 1, count))
                graph.output(result)
                early[layer] = (chosen, result)
            }
        } else {
            graph.include(x)
        }
        // No layer may need them, but they are written.
        [positions, wantedPositions].forEach(graph.include)
        plan = try GraphPlan(graph, on: stream)
    }

    /// Evaluates the new tokens of sequences that fill the shape.
    /// - Parameter steps: in the order of their places.
    /// - Returns: of each what follows its tokens whose output is wanted.
    func run(_ steps: [SequenceStep]) throws -> [[Prediction]] {
        let layout = shape.layout
        func perColumn<Value>(_ value: (SequenceStep) -> [Value]) -> [Value] {
            layout.perColumn(
                layout.groups.indices.map { group in steps.filter { $0.place.group == group }.flatMap(value) })
        }
        tokens.write(perColumn { $0.tokens.map { Int32($0) } })
        positions.write(perColumn { $0.range.map { Int32($0) } })
        if let wantedColumns {
            wantedColumns.write(columnsOfWanted(steps))
            wantedPositions.write(
                shape.wanted.perColumn(
                    layout.groups.indices.map { group in
                        steps.filter { $0.place.group == group }.flatMap { step in
                            step.range.suffix(step.place.wantedTokens.count).map { Int32($0) }
                        }
                    }))
        }
        laneWeights?.write(
            layout.groups.indices.flatMap { group in
                (0..<layout.groups[group].laneCount).flatMap { lane in
                    steps.filter { $0.place.group == group }.flatMap { $0.weights(lane: lane) }
                }
            })
        for (part, step) in zip(parts, steps) {
            part.inputs?.write(
                start: step.range.lowerBound, biases: step.session.keyBiases?.values ?? [],
                factors: step.trial?.keyFactors?.values ?? [])
        }
        batch.write(steps.map { $0.sequence(layout, layout, wantsAll: true) })
        wantedBatch.write(steps.map { $0.sequence(layout, shape.wanted, wantsAll: false) })
        for (layer, (chosen, _)) in early {
            chosen.write(
                steps.filter { $0.earlyLayers.contains(layer) }.flatMap { primalColumns($0, beforeLayer: layer) })
        }
        return try plan.compute { try steps.map { try predictions(of: $0, among: steps) } }
    }

    /// Bytes of inputs and intermediate results.
    var byteCount: Int { plan.byteCount }
}

// MARK: Places

extension ForwardEvaluation {
    private func columnsOfWanted(_ steps: [SequenceStep]) -> [Int32] {
        zip(shape.layout.groups, shape.layout.ranges).enumerated().flatMap { index, group in
            (0..<group.0.laneCount).flatMap { lane in
                steps.filter { $0.place.group == index }.flatMap { step in
                    step.place.tokens.suffix(step.place.wantedTokens.count).map {
                        Int32(group.1.lowerBound + lane * group.0.tokenCount + $0)
                    }
                }
            }
        }
    }

    /// Columns of the primals of the tokens whose output is wanted, among those that a layer has as its input.
    private func primalColumns(_ step: SequenceStep, beforeLayer layer: Int) -> [Int32] {
        let (group, wanted) = (step.place.group, step.place.wantedTokens)
        let isNarrow = layer > lastOwnKeyValueLayer
        let start = (isNarrow ? shape.wanted : shape.layout).ranges[group].lowerBound
        return (isNarrow ? wanted : step.place.tokens.suffix(wanted.count)).map { Int32(start + $0) }
    }

    private func predictions(of step: SequenceStep, among steps: [SequenceStep]) throws -> [Prediction] {
        guard let logits, let probabilities, let hidden, step.output != .none else { return [] }
        let place = step.place
        let group = shape.wanted.groups[place.group]
        let firstColumn = shape.wanted.ranges[place.group].lowerBound
        let firstPrimal = shape.wanted.groups.prefix(place.group).reduce(0) { $0 + $1.tokenCount }
        func row(_ index: Int, of x: Tensor) -> [Float] { x.readFloats(index * x.shape[0]..<(index + 1) * x.shape[0]) }
        return place.wantedTokens.enumerated().map { index, token in
            func column(_ lane: Int) -> Int { firstColumn + lane * group.tokenCount + token }
            let tangentLanes = 1..<max(1, group.laneCount)
            return Prediction(
                logits: row(shape.scoresAll ? column(0) : firstPrimal + token, of: logits),
                probabilities: row(firstPrimal + token, of: probabilities), hidden: row(column(0), of: hidden),
                tangents: tangentLanes.map { row(column($0), of: hidden) },
                scores: step.output == .allScores ? tangentLanes.map { row(column($0), of: logits) } : nil,
                earlyLogits: step.earlyLayers.compactMap { layer in
                    early[layer].map { row(earlyRow(of: step, layer, among: steps) + index, of: $0.logits) }
                }, attention: observer?.values ?? [], embeddingLength: hidden.shape[0])
        }
    }

    /// The first row of a sequence's tokens among those that want a layer's input.
    private func earlyRow(of step: SequenceStep, _ layer: Int, among steps: [SequenceStep]) -> Int {
        steps.prefix { $0.session !== step.session }.reduce(0) { count, other in
            count + (other.earlyLayers.contains(layer) ? other.place.wantedTokens.count : 0)
        }
    }
}
