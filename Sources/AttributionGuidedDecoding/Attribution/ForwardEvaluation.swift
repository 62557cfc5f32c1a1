import TensorGraph

/// The forward pass over a few new tokens, as a graph that is kept and used again while its shape fits.
final class ForwardEvaluation {
    struct Shape: Hashable {
        var tokenCount: Int
        /// Cached positions that take part, rounded up; nil where all attention is fused, which looks only at what is there.
        var historyLength: Int?
        var laneCount: Int
        var output: Output
        /// Layers whose inputs are to be read out too, see ``DecodingStrategy/earlyLayers``.
        var earlyLayers: [Int] = []
    }

    /// What is wanted at the last of the new tokens.
    enum Output: Hashable {
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
    private let plan: GraphPlan
    private let tokens: Tensor
    /// `[1, 1, tokens, lanes]`; nil where the primal is the only lane.
    private let laneWeights: Tensor?
    private let attention: AttentionInputs
    private var logits, probabilities, hidden: Tensor?
    private var earlyLogits: [Tensor] = []

    init(
        _ model: LanguageModel, _ shape: Shape, rule: PropagationRule, cache: LaneCache, headWeights: [Int: Tensor],
        fusesOperations: Bool, on stream: ComputeStream
    ) throws {
        self.shape = shape
        let configuration = model.configuration
        let graph = try Graph(capacity: 128 + configuration.layerCount * (110 + 80 * shape.laneCount))
        tokens = graph.input(.int32, shape.tokenCount, name: "tokens")
        laneWeights =
            shape.laneCount == 1
            ? nil : graph.input(.float32, 1, 1, shape.tokenCount, shape.laneCount, name: "lane weights")
        attention = AttentionInputs(
            graph, configuration, tokenCount: shape.tokenCount, historyLength: shape.historyLength)
        let context = LaneContext(
            graph: graph, rule: rule, laneCount: shape.laneCount, inputs: attention, cache: cache,
            headWeights: headWeights)
        let fused = FusedLaneOperations(context, configuration, threadCount: stream.threadCount)
        let composed = ComposedLaneOperations(context: context)
        let positions = attention.positions
        func propagator(_ device: Int?) -> ForwardLanes {
            let isFused =
                shape.historyLength == nil || (fusesOperations && device == nil && shape.laneCount <= Graph.laneLimit)
            return ForwardLanes(
                graph: graph, laneCount: shape.laneCount, positions: positions, operations: isFused ? fused : composed)
        }

        var x = graph.reshape(
            graph.rows(model.weights.embedding, tokens), configuration.embeddingLength, 1, shape.tokenCount)
        if configuration.embeddingScale != 1 { x = graph.scale(x, by: configuration.embeddingScale) }
        if let laneWeights {
            // Each lane starts as its weights times the embeddings; the primal's weight is 1.
            let copies = graph.repeated(x, configuration.embeddingLength, 1, shape.tokenCount, shape.laneCount)
            x = graph.multiply(copies, laneWeights)
        }
        var earlyInputs: [Int: Tensor] = [:]
        for (index, weights) in model.weights.layers.enumerated() {
            if shape.earlyLayers.contains(index) { earlyInputs[index] = x }
            let block = DecoderBlock(
                propagator: propagator(model.layerDevices[index]), configuration: configuration, weights: weights,
                index: index)
            x = block(x)
            if shape.output == .none { graph.include(x) }
        }
        if shape.output != .none {
            let first = shape.output == .everyPosition ? 0 : shape.tokenCount - 1
            let predicting = graph.contiguous(graph.slice(x, axis: 2, first..<shape.tokenCount))
            let propagator = propagator(model.layerDevices.last ?? nil)
            let normed = propagator.rmsNorm(
                predicting, gain: model.weights.outputNorm, epsilon: configuration.normEpsilon)
            let wanted = shape.output == .allScores ? normed : graph.slice(normed, axis: 3, 0..<1)
            let product = propagator.linear(wanted, model.weights.output)
            let distribution = graph.softmax(graph.slice(product, axis: 3, 0..<1))
            [product, distribution, normed].forEach(graph.output)
            (logits, probabilities, hidden) = (product, distribution, normed)
            earlyLogits = shape.earlyLayers.compactMap { layer in
                earlyInputs[layer].map { input in
                    let token = graph.slice(
                        graph.slice(input, axis: 2, shape.tokenCount - 1..<shape.tokenCount), axis: 3, 0..<1)
                    return propagator.linear(graph.contiguous(token), model.weights.output)
                }
            }
            earlyLogits.forEach(graph.output)
        }
        plan = try GraphPlan(graph, on: stream)
    }

    /// Evaluates `tokens` at positions from `start` on.
    /// - Parameter weights: for each tangent lane the weight of each new token.
    func run(tokens newTokens: [Int], start: Int, weights: [[Float]]) throws -> Prediction? {
        tokens.write(newTokens.map { Int32($0) })
        laneWeights?.write(
            Array(repeating: Float(1), count: shape.tokenCount) + weights.prefix(shape.laneCount - 1).joined())
        attention.write(start: start)
        try plan.compute()
        guard let logits, let probabilities, let hidden else { return nil }
        if shape.output == .everyPosition {
            let width = logits.shape[0]
            let (all, allProbabilities) = (
                logits.readFloats().split(into: width), probabilities.readFloats().split(into: width)
            )
            return Prediction(
                logits: all[all.count - 1], probabilities: allProbabilities[all.count - 1], tangents: [],
                distributions: zip(all, allProbabilities).map(Distribution.init), embeddingLength: hidden.shape[0])
        }
        let logitLanes = logits.readFloats().split(into: logits.shape[0])
        return Prediction(
            logits: logitLanes[0], probabilities: probabilities.readFloats(),
            tangents: Array(hidden.readFloats().split(into: hidden.shape[0]).dropFirst()),
            scores: shape.output == .allScores ? Array(logitLanes.dropFirst()) : nil,
            earlyLogits: earlyLogits.map { $0.readFloats() }, embeddingLength: hidden.shape[0])
    }

    /// Bytes of inputs and intermediate results.
    var byteCount: Int { plan.byteCount }
}

/// What the model says about the next token, and how that hangs on the regions.
struct Prediction {
    /// `[vocabularySize]`, before softmax.
    var logits: [Float]
    /// `[vocabularySize]`, softmax of the logits.
    var probabilities: [Float]
    /// For each region the tangent before the output matrix, `[embeddingLength]`; empty where it wasn't computed.
    var tangents: [[Float]]
    /// For each region the relevance of every token, `[vocabularySize]`, where asked for.
    var scores: [[Float]]?
    /// For each early layer `[vocabularySize]`: the output matrix applied to what enters it.
    var earlyLogits: [[Float]] = []
    /// What follows each of the tokens just read, where asked for.
    var distributions: [Distribution] = []
    /// Length of a tangent.
    var embeddingLength: Int

    /// With the tangents of regions that nothing has reached yet, which are zero, where no lanes were computed for them.
    func withZeroTangents(_ regionCount: Int) -> Prediction {
        guard tangents.isEmpty, regionCount > 0 else { return self }
        var prediction = self
        prediction.tangents = Array(repeating: Array(repeating: 0, count: embeddingLength), count: regionCount)
        prediction.scores = scores.map { _ in
            Array(repeating: Array(repeating: 0, count: logits.count), count: regionCount)
        }
        return prediction
    }

    /// Whether these are numbers. One logit that is none makes the sum of the softmax, and so every probability, none.
    var isFinite: Bool {
        probabilities.first?.isFinite == true && tangents.allSatisfy { $0.allSatisfy(\.isFinite) }
    }
}

extension Array {
    /// Consecutive pieces of `length` elements.
    func split(into length: Int) -> [[Element]] {
        stride(from: 0, to: count, by: length).map { Array(self[$0..<Swift.min($0 + length, count)]) }
    }
}
