import TensorGraph

/// One layer over a whole sequence, as a graph: forwards from its input, and back from the adjoints of its output.
struct ReverseLayer {
    /// What a target owes to a layer, for each lane.
    struct Result {
        /// `[lanes * tokens * embeddingLength]`, of the layer's input.
        var adjoint: [Float]
        /// Of what enters beside it.
        var inputAdjoints: Inputs
        /// Relevance of the residual stream at the layer's input, `[lanes][tokens]`.
        var residualStream: [[Double]]
        /// Relevance of the heads' outputs, `[lanes][tokens][heads]`, and the sum of its positive elements.
        var heads, positiveHeads: [[[Double]]]
        /// Relevance of the neurons, summed over positions, `[lanes][neurons]`; empty where it wasn't asked for.
        var neurons: [[Double]]
    }

    /// What is read of a layer besides its input's relevance.
    struct Reading {
        var heads = true
        var neurons = false
    }

    let configuration: ModelConfiguration
    private let weights: TransformerWeights.Layer
    let index: Int
    let inputs: Inputs
    private let ablation: LayerAblation
    private let sequence: ReverseSequence
    var tokenCount: Int { sequence.tokenCount }

    init(
        _ configuration: ModelConfiguration, weights: TransformerWeights.Layer, index: Int, inputs: Inputs = Inputs(),
        ablation: LayerAblation = LayerAblation(), of sequence: ReverseSequence
    ) {
        self.inputs = inputs
        self.configuration = configuration
        self.weights = weights
        self.index = index
        self.ablation = ablation
        self.sequence = sequence
    }

    /// What a layer makes of a sequence.
    struct Output {
        /// `[tokens * embeddingLength]`.
        var residualStream: [Float]
        /// What attention came to, if that was wanted, for ``ReverseLayer/pullBack(_:input:sharedAdjoints:attention:rule:reading:)``.
        var attention: [Float]?
        /// For layers that attend over them too; nil where none does.
        var keysAndValues: KeysAndValues?
        /// `[tokens * width]`; those that the layer doesn't have are left out.
        var activations: [RegionPlace.Kind: [Float]]
    }

    /// The layer's output for its input `[tokens * embeddingLength]`.
    /// - Parameters:
    ///   - places: activations that are wanted.
    ///   - keepsAttention: whether what attention comes to is wanted.
    func output(
        _ input: [Float], reading places: [RegionPlace.Kind] = [], keepsAttention: Bool = false
    ) throws -> Output {
        let graph = try newGraph(laneCount: 0)
        let x = graph.input(.float32, configuration.embeddingLength, 1, tokenCount, name: "layer input")
        let replacements = ablation.replacements(in: graph, tokenCount: tokenCount)
        // The rule makes no difference to the values.
        let tape = tape(graph, .attnLRP, laneCount: 1, replacements)
        let (output, sources) = computed(on: tape, from: tape.source(x))
        let y = output.value
        // Graphs alike lie alike in the memory that they share, so that all layers keep them where one does.
        let made = configuration.sharingLayers == nil ? [] : madeKeysAndValues(tape).map { graph.contiguous($0.value) }
        let read = places.compactMap { place in tape.activations[place].map { (place, graph.contiguous($0.value)) } }
        let attention = keepsAttention ? tape.attention : nil
        ([y] + made + read.map(\.1) + (attention.map { [$0] } ?? [])).forEach(graph.output)
        let plan = try GraphPlan(graph, on: sequence.stream, in: sequence.memory)
        x.write(input)
        write(sources)
        ablation.write(replacements, tokenCount: tokenCount)
        return try plan.compute {
            Output(
                residualStream: y.readFloats(), attention: attention?.readFloats(),
                keysAndValues: configuration.sharesKeysAndValues(ofLayer: index) && made.count == 2
                    ? KeysAndValues(keys: made[0].readFloats(), values: made[1].readFloats()) : nil,
                activations: Dictionary(uniqueKeysWithValues: read.map { ($0, $1.readFloats()) }))
        }
    }

    /// The adjoint of the layer's input from that of its output.
    /// - Parameters:
    ///   - adjoint: `[lanes * tokens * embeddingLength]`.
    ///   - sharedAdjoints: of its keys and values, by way of later layers.
    ///   - attention: what it came to, if that was kept.
    ///   - reading: whose relevance is wanted; of others there is none in the result.
    func pullBack(
        _ adjoint: [Float], input: [Float], sharedAdjoints: KeysAndValues? = nil, attention: [Float]? = nil,
        rule: PropagationRule, reading: Reading = Reading()
    ) throws -> Result {
        let (width, heads) = (configuration.embeddingLength, configuration.attention[index].headCount)
        let laneCount = adjoint.count / input.count
        let graph = try newGraph(laneCount: laneCount)
        let x = graph.input(.float32, width, 1, tokenCount, name: "layer input")
        let outputAdjoint = graph.input(.float32, width, 1, tokenCount, laneCount, name: "output adjoint")
        let replacements = ablation.replacements(in: graph, tokenCount: tokenCount)
        let known = attention.map { graph.input(.float32, $0.count, name: "attention") }
        known.map(graph.include)
        let tape = tape(graph, rule, laneCount: laneCount, replacements, knownAttention: known)
        let source = tape.source(x)
        let (output, sources) = computed(on: tape, from: source)
        let shared = sharedAdjoints.map { _ in adjointInputs(tape, laneCount: laneCount) } ?? []
        tape.pullBack(outputAdjoint, from: output, and: shared)
        // A rule may send nothing to some.
        let inputAdjoints = sources.all.map { tape.adjoint(of: $0).map(graph.contiguous) }

        func place(_ kind: RegionPlace.Kind) -> (adjoint: Tensor, value: Tensor)? {
            tape.activations[kind].flatMap { place in
                tape.adjoint(of: place).map { (graph.contiguous($0), place.value) }
            }
        }
        let inputAdjoint = graph.contiguous(tape.adjoint(of: source) ?? outputAdjoint)
        let residualStream = graph.rowProducts(inputAdjoint, x).all
        let perHead = (reading.heads ? place(.heads) : nil).map { adjoint, outputs in
            let headWidth = configuration.attention[index].headWidth
            let products = graph.rowProducts(adjoint, graph.reshape(outputs, headWidth, heads * tokenCount))
            return [products.all, products.positive]
        }
        let perNeuron = (reading.neurons ? place(.neurons) : nil).map {
            graph.sumOfPositions(graph.multiply($0.adjoint, $0.value))
        }
        ([inputAdjoint, residualStream] + inputAdjoints.compactMap { $0 } + (perHead ?? [])
            + (perNeuron.map { [$0] } ?? [])).forEach(graph.output)
        let plan = try GraphPlan(graph, on: sequence.stream, in: sequence.memory)
        x.write(input)
        outputAdjoint.write(adjoint)
        write(sources)
        for (input, adjoint) in zip(shared, [sharedAdjoints?.keys, sharedAdjoints?.values]) {
            if let adjoint { input.adjoint.write(adjoint) }
        }
        if let attention { known?.write(attention) }
        ablation.write(replacements, tokenCount: tokenCount)
        try plan.compute()
        func numbers(_ tensor: Tensor) -> [Double] { tensor.readFloats().map(Double.init) }
        let headLanes = perHead?.map { numbers($0).split(into: heads).map(withAbsentHeads).split(into: tokenCount) }
        let none =
            reading.heads
            ? Array(repeating: Array(repeating: withAbsentHeads([]), count: tokenCount), count: laneCount) : []
        return Result(
            adjoint: inputAdjoint.readFloats(), inputAdjoints: read(inputAdjoints, sources, laneCount: laneCount),
            residualStream: numbers(residualStream).split(into: tokenCount),
            heads: headLanes?.first ?? none, positiveHeads: headLanes?.last ?? none,
            neurons: perNeuron.map { numbers($0).split(into: $0.shape[0]) } ?? Array(repeating: [], count: laneCount))
    }

    /// How much attention some tokens pay to each position, summed over heads and these tokens, `[tokens]`; nil for a layer without
    /// softmax attention.
    ///
    /// Where weights are constants an output is a weighted mean of values, so that what a one in each head's first element sends
    /// back to the first elements of the values are the weights themselves.
    func attentionWeights(_ input: [Float], of queries: Range<Int>) throws -> [Double]? {
        let graph = try newGraph(laneCount: 1)
        let x = graph.input(.float32, configuration.embeddingLength, 1, tokenCount, name: "layer input")
        let tape = tape(graph, .cpLRP, laneCount: 1, [:])
        let sources = computed(on: tape, from: tape.source(x)).sources
        guard let outputs = tape.activations[.heads], let values = tape.attendedValues else { return nil }
        let (width, heads) = (outputs.value.shape[0], configuration.attention[index].headCount)
        let ones = graph.input(.float32, width, 1, tokenCount, 1, name: "ones")
        tape.pullBack(ones, from: outputs)
        guard let adjoint = tape.adjoint(of: values) else { return nil }
        let sent = graph.contiguous(adjoint)
        graph.output(sent)
        let plan = try GraphPlan(graph, on: sequence.stream, in: sequence.memory)
        x.write(input)
        write(sources)
        ones.write(
            (0..<tokenCount * width).map { element -> Float in
                queries.contains(element / width) && element % (width / heads) == 0 ? 1 : 0
            })
        let shape = values.value.shape
        let weights = try plan.compute { sent.readFloats() }
        return weights.split(into: shape[0] * shape[1]).map { position in
            stride(from: 0, to: position.count, by: shape[0]).reduce(0) { $0 + Double(position[$1]) }
        }
    }

    /// Relevance of a layer's heads, with none for those that only other layers have.
    private func withAbsentHeads(_ relevance: [Double]) -> [Double] {
        relevance + Array(repeating: 0, count: configuration.headCount - relevance.count)
    }

    private func tape(
        _ graph: Graph, _ rule: PropagationRule, laneCount: Int,
        _ replacements: [RegionPlace.Kind: ReverseTape.Replacement], knownAttention: Tensor? = nil
    ) -> ReverseTape {
        let rows = weights.matrices.map { $0.weight.shape[1] }.max() ?? 0
        return ReverseTape(
            graph: graph, rule: rule, sequence: sequence,
            scratch: graph.reverseScratch(
                width: max(configuration.widestColumn, rows),
                headWidth: configuration.attention[index].headWidth, laneCount: laneCount,
                threadCount: sequence.stream.threadCount), replacements: replacements, knownAttention: knownAttention)
    }

    /// The layer's output, and what enters it beside the residual stream.
    private func computed(
        on tape: ReverseTape, from source: ReverseTape.Activation
    ) -> (output: ReverseTape.Activation, sources: Sources) {
        let sources = sources(tape)
        let block = DecoderBlock(
            propagator: tape, configuration: configuration, weights: weights, index: index,
            contextLength: tokenCount)
        return (block(source, perLayerInput: sources.perLayer), sources)
    }

    private func newGraph(laneCount: Int) throws -> Graph {
        let experts = weights.matrices.map(\.weight.shape).filter { $0[2] > 1 }
        return try Graph(
            capacity: 640 + 150 * laneCount + experts.reduce(0) { $0 + Graph.transposedTensorCount(experts: $1) })
    }
}

extension Graph {
    /// `[width, 1, positions, lanes]` to `[width, 1, 1, lanes]`.
    fileprivate func sumOfPositions(_ x: Tensor) -> Tensor {
        let sums = sumOfRows(contiguous(permute(x, 1, 2, 0, 3)))
        return reshape(sums, x.shape[0], 1, 1, x.shape[3])
    }
}
