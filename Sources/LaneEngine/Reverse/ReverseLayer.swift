import TensorGraph

/// One layer over a whole sequence, as a graph: forwards from its input, and back from the adjoints of its output.
struct ReverseLayer {
    /// What a target owes to a layer, for each lane.
    struct Result {
        /// `[lanes * tokens * embeddingLength]`, of the layer's input.
        var adjoint: [Float]
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

    private let configuration: ModelConfiguration
    private let weights: TransformerWeights.Layer
    private let index: Int
    private let ablation: LayerAblation
    private let blocks: QueryBlocks
    private let stream: ComputeStream
    private let tokenCount: Int

    init(
        _ configuration: ModelConfiguration, weights: TransformerWeights.Layer, index: Int,
        ablation: LayerAblation = LayerAblation(), blocks: QueryBlocks, on stream: ComputeStream
    ) {
        self.configuration = configuration
        self.weights = weights
        self.index = index
        self.ablation = ablation
        self.blocks = blocks
        self.stream = stream
        tokenCount = blocks.positions.elementCount
    }

    /// The layer's output for its input, both `[tokens * embeddingLength]`.
    func output(_ input: [Float]) throws -> [Float] { try output(input, reading: []).output }

    /// The same, with activations on the way, `[tokens * width]`; those that the layer doesn't have are left out.
    func output(
        _ input: [Float], reading places: [RegionPlace.Kind]
    ) throws -> (output: [Float], activations: [RegionPlace.Kind: [Float]]) {
        let graph = try newGraph(laneCount: 0)
        let x = graph.input(.float32, configuration.embeddingLength, 1, tokenCount, name: "layer input")
        let replacements = ablation.replacements(in: graph, tokenCount: tokenCount)
        // The rule makes no difference to the values.
        let tape = tape(graph, .attnLRP, replacements)
        let y = block(tape)(tape.source(x)).value
        let read = places.compactMap { place in tape.activations[place].map { (place, graph.contiguous($0.value)) } }
        ([y] + read.map(\.1)).forEach(graph.output)
        let plan = try GraphPlan(graph, on: stream)
        x.write(input)
        ablation.write(replacements, tokenCount: tokenCount)
        return try plan.compute {
            (y.readFloats(), Dictionary(uniqueKeysWithValues: read.map { ($0, $1.readFloats()) }))
        }
    }

    /// The adjoint of the layer's input from that of its output.
    /// - Parameters:
    ///   - adjoint: `[lanes * tokens * embeddingLength]`.
    ///   - reading: whose relevance is wanted; of others there is none in the result.
    func pullBack(
        _ adjoint: [Float], input: [Float], rule: PropagationRule, reading: Reading = Reading()
    ) throws -> Result {
        let (width, heads) = (configuration.embeddingLength, configuration.attention[index].headCount)
        let laneCount = adjoint.count / input.count
        let graph = try newGraph(laneCount: laneCount)
        let x = graph.input(.float32, width, 1, tokenCount, name: "layer input")
        let outputAdjoint = graph.input(.float32, width, 1, tokenCount, laneCount, name: "output adjoint")
        let replacements = ablation.replacements(in: graph, tokenCount: tokenCount)
        let tape = tape(graph, rule, replacements)
        let source = tape.source(x)
        tape.pullBack(outputAdjoint, from: block(tape)(source))

        func relevance(_ kind: RegionPlace.Kind) -> Tensor? {
            guard let activation = tape.activations[kind], let adjoint = tape.adjoint(of: activation) else {
                return nil
            }
            return graph.multiply(adjoint, activation.value)
        }
        let inputAdjoint = tape.adjoint(of: source) ?? outputAdjoint
        let residualStream = graph.sumOfRows(graph.multiply(inputAdjoint, x))
        let perHead = (reading.heads ? relevance(.heads) : nil).map { relevance in
            let shaped = graph.reshape(
                relevance, configuration.attention[index].headWidth, heads, tokenCount, laneCount)
            return [graph.sumOfRows(shaped), graph.sumOfRows(graph.positivePart(shaped))]
        }
        let perNeuron = (reading.neurons ? relevance(.neurons) : nil).map(graph.sumOfPositions)
        ([inputAdjoint, residualStream] + (perHead ?? []) + (perNeuron.map { [$0] } ?? [])).forEach(graph.output)
        let plan = try GraphPlan(graph, on: stream)
        x.write(input)
        outputAdjoint.write(adjoint)
        ablation.write(replacements, tokenCount: tokenCount)
        try plan.compute()
        func numbers(_ tensor: Tensor) -> [Double] { tensor.readFloats().map(Double.init) }
        let headLanes = perHead?.map { numbers($0).split(into: heads).map(withAbsentHeads).split(into: tokenCount) }
        let none =
            reading.heads
            ? Array(repeating: Array(repeating: withAbsentHeads([]), count: tokenCount), count: laneCount) : []
        return Result(
            adjoint: inputAdjoint.readFloats(), residualStream: numbers(residualStream).split(into: tokenCount),
            heads: headLanes?.first ?? none, positiveHeads: headLanes?.last ?? none,
            neurons: perNeuron.map { numbers($0).split(into: $0.shape[0]) } ?? Array(repeating: [], count: laneCount))
    }

    /// Relevance of a layer's heads, with none for those that only other layers have.
    private func withAbsentHeads(_ relevance: [Double]) -> [Double] {
        relevance + Array(repeating: 0, count: configuration.headCount - relevance.count)
    }

    private func tape(
        _ graph: Graph, _ rule: PropagationRule, _ replacements: [RegionPlace.Kind: ReverseTape.Replacement]
    ) -> ReverseTape {
        ReverseTape(
            graph: graph, rule: rule, blocks: blocks, replacements: replacements,
            scratch: graph.laneProductScratch(
                width: configuration.widestColumn, threadCount: stream.threadCount))
    }

    private func block(_ tape: ReverseTape) -> DecoderBlock<ReverseTape> {
        DecoderBlock(
            propagator: tape, configuration: configuration, weights: weights, index: index,
            contextLength: tokenCount)
    }

    private func newGraph(laneCount: Int) throws -> Graph {
        let matrices = weights.matrices.reduce(0) { sum, matrix in
            let shape = matrix.weight.shape
            return sum
                + (shape[2] > 1
                    ? Graph.transposedTensorCount(experts: shape) : Graph.transposedTensorCount(out: shape[1]))
        }
        return try Graph(
            capacity: 600 + 150 * laneCount + blocks.ranges.count * (60 + 50 * laneCount) + matrices)
    }
}

extension Graph {
    /// `[width, 1, positions, lanes]` to `[width, 1, 1, lanes]`.
    fileprivate func sumOfPositions(_ x: Tensor) -> Tensor {
        let sums = sumOfRows(contiguous(permute(x, 1, 2, 0, 3)))
        return reshape(sums, x.shape[0], 1, 1, x.shape[3])
    }
}
