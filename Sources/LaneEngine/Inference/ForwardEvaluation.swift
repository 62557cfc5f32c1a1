import TensorGraph

/// The forward pass over a few new tokens, as a graph that is kept and used again while its shape fits.
package final class ForwardEvaluation {
    struct Shape: Hashable {
        /// The sequences whose tokens are evaluated together; mostly one.
        var sequences: [Extent]
        var laneCount: Int
        var output: Output
        /// Layers whose inputs are to be read out too.
        var earlyLayers: [Int] = []

        /// How much of a sequence takes part.
        struct Extent: Hashable {
            /// New tokens.
            var tokenCount: Int
            /// Cached positions, rounded up; nil where all attention is fused, which looks only at what is there.
            var historyLength: Int?
        }

        var tokenCount: Int { sequences.reduce(0) { $0 + $1.tokenCount } }
    }

    /// What is wanted at the last of the new tokens.
    package enum Output: Hashable {
        /// Only the caches' new entries.
        case none
        /// The primal's logits, and the tangents before the output matrix.
        case logits
        /// Besides, every token's relevance to each region: the output matrix applied to the tangents.
        case allScores
        /// The primal's logits after each of the new tokens.
        case everyPosition
    }

    let shape: Shape
    /// Where the sequences' keys and values are.
    let caches: [LaneCache]
    private let plan: GraphPlan
    private let tokens, positions: Tensor
    /// `[1, 1, tokens, lanes]`; nil where the primal is the only lane.
    private let laneWeights: Tensor?
    private let sequences: [LaneSequence]
    private var logits, probabilities, hidden: Tensor?
    private var earlyLogits: [Tensor] = []

    init(
        _ model: LanguageModel, _ shape: Shape, rule: PropagationRule, caches: [LaneCache],
        headWeights: [Int: Tensor], fusesOperations: Bool, on stream: ComputeStream
    ) throws {
        self.shape = shape
        self.caches = caches
        let configuration = model.configuration
        let graph = try Graph(
            capacity: 128 + configuration.layerCount * (150 + 130 * shape.laneCount) * shape.sequences.count)
        tokens = graph.input(.int32, shape.tokenCount, name: "tokens")
        let positions = graph.input(.int32, shape.tokenCount, name: "positions")
        self.positions = positions
        laneWeights =
            shape.laneCount == 1
            ? nil : graph.input(.float32, 1, 1, shape.tokenCount, shape.laneCount, name: "lane weights")
        var sequences: [LaneSequence] = []
        for (extent, cache) in zip(shape.sequences, caches) {
            let start = sequences.last?.tokens.upperBound ?? 0
            let tokens = start..<start + extent.tokenCount
            let inputs = AttentionInputs(
                graph, configuration,
                positions: tokens.count == shape.tokenCount ? positions : graph.slice(positions, axis: 0, tokens),
                historyLength: extent.historyLength)
            sequences.append(LaneSequence(tokens: tokens, inputs: inputs, cache: cache))
        }
        self.sequences = sequences
        let context = LaneContext(graph: graph, rule: rule, laneCount: shape.laneCount, headWeights: headWeights)
        let fused = FusedLaneOperations(context, configuration, threadCount: stream.threadCount)
        let composed = ComposedLaneOperations(context: context)
        let allFused = shape.sequences.allSatisfy { $0.historyLength == nil }
        func propagator(_ device: Int?, wantedCount: Int) -> ForwardLanes {
            let isFused = allFused || (fusesOperations && device == nil && shape.laneCount <= Graph.laneLimit)
            return ForwardLanes(
                graph: graph, laneCount: shape.laneCount, positions: positions, sequences: sequences,
                wantedCount: wantedCount, operations: isFused ? fused : composed)
        }

        var x = graph.reshape(
            graph.rows(model.weights.embedding, tokens), configuration.embeddingLength, 1, shape.tokenCount)
        if configuration.embeddingScale != 1 { x = graph.scale(x, by: configuration.embeddingScale) }
        if let laneWeights {
            // Each lane starts as its weights times the embeddings; the primal's weight is 1.
            let copies = graph.repeated(x, configuration.embeddingLength, 1, shape.tokenCount, shape.laneCount)
            x = graph.multiply(copies, laneWeights)
        }
        let predictedCount = shape.output == .everyPosition ? shape.tokenCount : 1
        var earlyInputs: [Int: Tensor] = [:]
        for (index, weights) in model.weights.layers.enumerated() {
            if shape.earlyLayers.contains(index) { earlyInputs[index] = x }
            let isLast = index == configuration.layerCount - 1
            let block = DecoderBlock(
                propagator: propagator(
                    model.layerDevices[index], wantedCount: isLast ? predictedCount : shape.tokenCount),
                configuration: configuration, weights: weights, index: index,
                contextLength: caches.map(\.contextLength).max() ?? 0)
            x = block(x)
        }
        if shape.output == .none {
            graph.include(x)
        } else {
            let propagator = propagator(model.layerDevices.last ?? nil, wantedCount: predictedCount)
            let normed = propagator.scaled(
                propagator.normed(
                    x, model.weights.outputNorm, configuration.norm, epsilon: configuration.normEpsilon),
                by: configuration.logitScale)
            func logits(_ x: Tensor) -> Tensor {
                let product = propagator.linear(x, model.weights.output)
                return configuration.logitSoftcap.map { propagator.activated(product, .softcapped($0)) } ?? product
            }
            let wanted = shape.output == .allScores ? normed : graph.slice(normed, axis: 3, 0..<1)
            let product = logits(wanted)
            let distribution = graph.softmax(graph.slice(product, axis: 3, 0..<1))
            [product, distribution, normed].forEach(graph.output)
            (self.logits, probabilities, hidden) = (product, distribution, normed)
            earlyLogits = shape.earlyLayers.compactMap { layer in
                earlyInputs[layer].map { input in
                    let token = graph.slice(
                        graph.slice(input, axis: 2, shape.tokenCount - 1..<shape.tokenCount), axis: 3, 0..<1)
                    return logits(graph.contiguous(token))
                }
            }
            earlyLogits.forEach(graph.output)
        }
        // No layer may need them, but they are written.
        graph.include(positions)
        plan = try GraphPlan(graph, on: stream)
    }

    /// Evaluates the sequences' new tokens.
    /// - Parameters:
    ///   - newTokens: of one sequence after the other.
    ///   - starts: for each sequence the position of its first new token.
    ///   - weights: for each tangent lane the weight of each new token.
    func run(tokens newTokens: [Int], starts: [Int], weights: [[Float]]) throws -> Prediction? {
        tokens.write(newTokens.map { Int32($0) })
        positions.write(
            zip(starts, shape.sequences).flatMap { start, extent in (0..<extent.tokenCount).map { Int32(start + $0) } })
        for (sequence, start) in zip(sequences, starts) { sequence.inputs.write(start: start) }
        laneWeights?.write(
            Array(repeating: Float(1), count: shape.tokenCount) + weights.prefix(shape.laneCount - 1).joined())
        try plan.compute()
        guard let logits, let probabilities, let hidden else { return nil }
        let early = earlyLogits.map { $0.readFloats() }
        if shape.output == .everyPosition {
            let width = logits.shape[0]
            let (all, allProbabilities) = (
                logits.readFloats().split(into: width), probabilities.readFloats().split(into: width)
            )
            return Prediction(
                logits: all[all.count - 1], probabilities: allProbabilities[all.count - 1], tangents: [],
                earlyLogits: early, distributions: zip(all, allProbabilities).map(Distribution.init),
                embeddingLength: hidden.shape[0])
        }
        let logitLanes = logits.readFloats().split(into: logits.shape[0])
        return Prediction(
            logits: logitLanes[0], probabilities: probabilities.readFloats(),
            tangents: Array(hidden.readFloats().split(into: hidden.shape[0]).dropFirst()),
            scores: shape.output == .allScores ? Array(logitLanes.dropFirst()) : nil,
            earlyLogits: early, embeddingLength: hidden.shape[0])
    }

    /// Bytes of inputs and intermediate results.
    var byteCount: Int { plan.byteCount }
}
