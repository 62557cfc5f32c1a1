import TensorGraph

/// Why a model says what it says: the relevance of every token, layer and attention head for a token that it could say.
///
/// The sequence is read once; then the relevance of any number of targets is sent back through the layers, from the
/// last to the first, under any rule. The residual stream at each layer's input is kept (layers x tokens), and up to a GiB of
/// what attention came to; the rest of a layer is computed again when its turn comes. The weights stay as they lie in the file.
///
/// ```swift
/// let reading = try ReverseAttribution(model, tokens: prompt.tokens)
/// let attribution = try reading.attribute([.init(token: 42, position: prompt.tokens.count - 1)])[0]
/// print(attribution.tokens)  // one number for each token of the prompt
/// ```
public final class ReverseAttribution {
    /// What an attribution takes of the machine.
    public struct Options: Sendable {
        /// CPU threads.
        public var threadCount: Int

        /// Options; by default a thread for each core.
        public init(threadCount: Int = ProcessorCount.available) {
            self.threadCount = threadCount
        }
    }

    /// The sequence that was read.
    public let tokens: [Int]
    /// What was taken away.
    public let ablation: Ablation
    let model: LanguageModel
    let sequence: ReverseSequence
    /// The residual stream at each layer's input and after the last, `[layers + 1][tokens * embeddingLength]`.
    private(set) var residualStream: [[Float]]
    /// What attention came to in the first layers, as many as ``attentionByteCount`` bytes hold.
    private var attention: [[Float]] = []

    private static let attentionByteCount = 1 << 30

    /// How tokens enter at every layer, where they have embeddings for each, and what enters there, `[layers][tokens * length]`.
    private var perLayerEmbeddings: ReversePerLayerInputs?
    private var perLayerInputs: [[Float]] = []
    /// Of layers whose keys and values later ones attend over too.
    private var keysAndValues: [Int: ReverseLayer.KeysAndValues] = [:]

    /// Reads `tokens`, which are not empty.
    /// - Parameter progress: called with the fraction of layers done; it may throw to stop.
    /// - Throws: ``TokenError`` for tokens that don't exist or none, ``TensorGraphError`` where memory is short, and
    ///   what `progress` throws.
    public init(
        _ model: LanguageModel, tokens: [Int], ablating ablation: Ablation = Ablation(), options: Options = Options(),
        progress: (Double) throws -> Void = { _ in }
    ) throws {
        guard !tokens.isEmpty else { throw TokenError.noTokens }
        if let token = tokens.first(where: { $0 < 0 || $0 >= model.configuration.vocabularySize }) {
            throw TokenError.outOfRange(token: token, vocabularySize: model.configuration.vocabularySize)
        }
        try InferenceError.check(tokens.count, against: model.configuration)
        self.model = model
        self.tokens = tokens
        self.ablation = ablation
        // On the CPU whatever lies on devices: half of the work is products with transposed weights, which few devices know.
        sequence = try ReverseSequence(
            tokenCount: tokens.count, on: ComputeStream(devices: [], threadCount: options.threadCount))
        func embeddings(_ table: GGUFFile.TensorDescription, scale: Float) -> [Float] {
            tokens.enumerated().flatMap { position, token in
                ablation.tokens.contains(position)
                    ? Array(repeating: 0, count: table.shape[0])
                    : model.file.row(token, of: table).map { $0 * scale }
            }
        }
        let configuration = model.configuration
        residualStream = [
            model.file.tensors["token_embd.weight"].map { embeddings($0, scale: configuration.embeddingScale) } ?? []
        ]
        if let weights = model.weights.perLayerEmbeddings {
            let scale = Float(configuration.perLayerEmbeddingLength ?? 0).squareRoot()
            let own = ReversePerLayerInputs(
                configuration: configuration, weights: weights, sequence: sequence, stream: residualStream[0],
                embeddings: embeddings(weights.rows, scale: scale))
            perLayerEmbeddings = own
            perLayerInputs = try own.inputs()
        }
        for layer in 0..<model.configuration.layerCount {
            let size = attention.count * (attention.last?.count ?? 0) * MemoryLayout<Float>.size
            let keeps = attention.count == layer && size < Self.attentionByteCount
            let output = try reverseLayer(layer).output(residualStream[layer], keepsAttention: keeps)
            residualStream.append(output.residualStream)
            if let kept = output.attention { attention.append(kept) }
            keysAndValues[layer] = output.keysAndValues
            try progress(Double(layer + 1) / Double(model.configuration.layerCount))
        }
    }

    /// The relevance of everything for each target.
    /// - Parameter inside: what is read inside the layers, besides heads.
    /// - Throws: ``AttributionError/targetOutOfRange(token:position:)`` for a target that doesn't exist.
    public func attribute(
        _ targets: [AttributionTarget], rule: PropagationRule = .attnLRP, inside: Inside = Inside(),
        progress: (Double) throws -> Void = { _ in }
    ) throws -> [Attribution] {
        let layerCount = model.configuration.layerCount
        var attributions: [Attribution] = []
        var first = 0
        let reading = ReverseLayer.Reading(neurons: inside.hasNeurons)
        try pullBack(targets.map { [$0: 1] }, rule, reading, progress) { start, layer, adjoint, result in
            if layer == layerCount - 1 {
                first = attributions.count
                attributions += start.targets.indices.map { row in
                    let target = start.targets[row]
                    var attribution = Attribution(
                        target: target, logit: start.logits[row], positionCount: tokens.count, layerCount: layerCount)
                    attribution.residualStream[layerCount][target.position] = start.relevances[row]
                    return attribution
                }
            }
            for (lane, target) in start.targets.enumerated() {
                attributions[first + lane].residualStream[layer] = result.residualStream[lane]
                attributions[first + lane].heads[layer] = HeadRelevance(
                    result.heads[lane], positive: result.positiveHeads[lane], lastPosition: target.position)
                if inside.hasNeurons { attributions[first + lane].neurons.insert(result.neurons[lane], at: 0) }
            }
            let directions = inside.directions.filter { $0.layer == layer }
            let features = inside.features.filter { $0.layer == layer }
            guard !directions.isEmpty || !features.isEmpty else { return }
            for (lane, own) in adjoint.split(into: residualStream[layer].count).enumerated() {
                func relevance(_ feature: RegionOfInterest.Feature) -> Double {
                    feature.relevance(of: residualStream[layer + 1], adjoint: own)
                }
                for direction in directions {
                    attributions[first + lane].directions[direction] = relevance(.init(direction))
                }
                for feature in features { attributions[first + lane].features[feature] = relevance(feature) }
            }
        }
        return attributions
    }

    /// The relevance of every token for each of some weighted sums of logits, such as those of a sentence's tokens: one pass back for
    /// a sum, as relevance is linear, whatever the number of its targets.
    /// - Parameter sums: of targets with their weights; none is empty.
    /// - Returns: for each sum one number for each token, in units of the logits; 0 after the last target's position.
    /// - Throws: ``AttributionError/targetOutOfRange(token:position:)`` for a target that doesn't exist.
    public func relevance(
        ofSums sums: [[AttributionTarget: Double]], rule: PropagationRule = .attnLRP,
        progress: (Double) throws -> Void = { _ in }
    ) throws -> [[Double]] {
        var relevance: [[Double]] = []
        try pullBack(sums, rule, .init(heads: false), progress) { _, layer, _, result in
            if layer == 0 { relevance += result.residualStream }
        }
        return relevance
    }

    /// The logit of each target, before softmax.
    /// - Throws: ``AttributionError/targetOutOfRange(token:position:)`` for a target that doesn't exist.
    public func logits(of targets: [AttributionTarget]) throws -> [Double] {
        try check(targets)
        return targets.isEmpty ? [] : try pullBackThroughOutput(targets, .attnLRP).logits
    }

    private func check(_ targets: [AttributionTarget]) throws {
        for target in targets {
            guard tokens.indices.contains(target.position),
                (0..<model.configuration.vocabularySize).contains(target.token)
            else { throw AttributionError.targetOutOfRange(token: target.token, position: target.position) }
        }
    }

    func reverseLayer(_ index: Int) -> ReverseLayer {
        ReverseLayer(
            model.configuration, weights: model.weights.layersOnCPU[index], index: index,
            inputs: inputs(ofLayer: index),
            ablation: LayerAblation(ablation, layer: index, of: model), of: sequence)
    }

    /// What enters a layer beside the residual stream.
    func inputs(ofLayer index: Int) -> ReverseLayer.Inputs {
        ReverseLayer.Inputs(
            perLayer: perLayerInputs.isEmpty ? nil : perLayerInputs[index],
            keysAndValues: model.configuration.attention[index].keyValueLayer.flatMap { keysAndValues[$0] })
    }

    /// Targets whose relevance is sent back together: as many as keep a layer's intermediate results within about a GiB.
    private var largestLaneCount: Int {
        let widest = model.configuration.widestColumn * (model.configuration.experts?.routing.chosenCount ?? 1)
        return max(1, min(16, (1 << 30) / (20 * widest * tokens.count)))
    }

    /// What passes back begin with: the targets of all lanes, one after the other, with each one's logit and the relevance of the
    /// residual stream after the last layer.
    private struct Start {
        let targets: [AttributionTarget]
        let logits, relevances: [Double]
    }

    /// Gets a batch's start, and for each layer, from the last to the first, the adjoint of its output and what it was found to
    /// contribute.
    private typealias Receiver = (Start, _ layer: Int, _ adjoint: [Float], ReverseLayer.Result) -> Void

    /// Sends sums of logits back, one a lane, in batches that memory holds.
    private func pullBack(
        _ sums: [[AttributionTarget: Double]], _ rule: PropagationRule, _ reading: ReverseLayer.Reading,
        _ progress: (Double) throws -> Void, each: Receiver
    ) throws {
        try check(sums.flatMap(\.keys))
        var finished = 0
        for batch in sums.split(into: largestLaneCount) {
            try pullBack(batch: batch, rule, reading, each: each) { fraction in
                try progress((Double(finished) + fraction * Double(batch.count)) / Double(sums.count))
            }
            finished += batch.count
        }
    }

    private func pullBack(
        batch: [[AttributionTarget: Double]], _ rule: PropagationRule, _ reading: ReverseLayer.Reading,
        each: Receiver, _ progress: (Double) throws -> Void
    ) throws {
        let (width, layerCount) = (model.configuration.embeddingLength, model.configuration.layerCount)
        let terms = batch.enumerated().flatMap { lane, sum in
            sum.map { (lane: lane, target: $0.key, weight: Float($0.value)) }
                .sorted { ($0.target.position, $0.target.token) < ($1.target.position, $1.target.token) }
        }
        let output = try pullBackThroughOutput(terms.map(\.target), rule)
        var adjoint = [Float](repeating: 0, count: batch.count * tokens.count * width)
        for (term, adjoints) in zip(terms, output.adjoints) {
            let first = (term.lane * tokens.count + term.target.position) * width
            for (index, value) in adjoints.enumerated() { adjoint[first + index] += term.weight * value }
        }
        let start = Start(targets: terms.map(\.target), logits: output.logits, relevances: output.relevances)
        var sharedAdjoints: [Int: ReverseLayer.KeysAndValues] = [:]
        var perLayerAdjoints: [[Float]] = []
        for layer in (0..<layerCount).reversed() {
            var result = try reverseLayer(layer).pullBack(
                adjoint, input: residualStream[layer], sharedAdjoints: sharedAdjoints.removeValue(forKey: layer),
                attention: attention.indices.contains(layer) ? attention[layer] : nil, rule: rule, reading: reading)
            if let source = model.configuration.attention[layer].keyValueLayer,
                let own = result.inputAdjoints.keysAndValues
            {
                if sharedAdjoints[source] == nil {
                    sharedAdjoints[source] = own
                } else {
                    sharedAdjoints[source]? += own
                }
            }
            if let own = result.inputAdjoints.perLayer { perLayerAdjoints.append(own) }
            if layer == 0, let perLayerEmbeddings {
                let relevance = try perLayerEmbeddings.relevance(perLayerAdjoints.reversed(), rule: rule)
                result.residualStream = zip(result.residualStream, relevance).map { zip($0, $1).map(+) }
            }
            each(start, layer, adjoint, result)
            adjoint = result.adjoint
            try progress(Double(layerCount - layer) / Double(layerCount))
        }
    }

    /// Sends each target's logit back through the output matrix and the last norm.
    private func pullBackThroughOutput(
        _ targets: [AttributionTarget], _ rule: PropagationRule
    ) throws -> (logits: [Double], adjoints: [[Float]], relevances: [Double]) {
        let (width, last) = (model.configuration.embeddingLength, residualStream[model.configuration.layerCount])
        let graph = try Graph(capacity: 64)
        let x = graph.input(.float32, width, 1, targets.count, name: "residual stream")
        let rows = graph.input(.float32, width, 1, targets.count, name: "output rows")
        let tape = ReverseTape(
            graph: graph, rule: rule, sequence: sequence,
            scratch: graph.reverseScratch(
                width: width, headWidth: 0, laneCount: 1, threadCount: sequence.stream.threadCount))
        let source = tape.source(x)
        let configuration = model.configuration
        let normed = tape.scaled(
            tape.normed(source, model.weights.outputNormOnCPU, configuration.norm, epsilon: configuration.normEpsilon),
            by: configuration.logitScale)
        let biases = model.weights.output.bias.map { _ in graph.input(.float32, 1, 1, targets.count, name: "biases") }
        var logits = graph.sumOfRows(graph.multiply(normed.value, rows))
        if let biases { logits = graph.add(logits, biases) }
        var outputAdjoint = rows
        if let softcap = configuration.logitSoftcap {
            let function = ActivationFunction.softcapped(softcap)
            let gate = function.gate(logits, in: graph)
            let capped = graph.multiply(logits, gate)
            outputAdjoint = graph.multiply(
                rows, function.slope(logits, gate: gate, activated: capped, rule.activation, in: graph))
            logits = capped
        }
        tape.pullBack(outputAdjoint, from: normed)
        let adjoint = tape.adjoint(of: source) ?? outputAdjoint
        let wanted = [logits, adjoint, graph.sumOfRows(graph.multiply(adjoint, x))]
        wanted.forEach(graph.output)
        let plan = try GraphPlan(graph, on: sequence.stream)
        if let all = model.weights.output.bias?.readFloats() { biases?.write(targets.map { all[$0.token] }) }
        x.write(targets.flatMap { last[$0.position * width..<($0.position + 1) * width] })
        rows.write(targets.flatMap { model.file.row($0.token, of: model.weights.outputRows) })
        let values = try plan.compute { wanted.map { $0.readFloats() } }
        return (values[0].map(Double.init), values[1].split(into: width), values[2].map(Double.init))
    }
}
