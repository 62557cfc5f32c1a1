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
    }

    private let configuration: ModelConfiguration
    private let weights: TransformerWeights.Layer
    private let index: Int
    /// Heads whose outputs are set to zero.
    private let ablatedHeads: Set<Int>
    private let blocks: QueryBlocks
    private let stream: ComputeStream
    private let tokenCount: Int

    init(
        _ configuration: ModelConfiguration, weights: TransformerWeights.Layer, index: Int, ablatedHeads: Set<Int> = [],
        blocks: QueryBlocks, on stream: ComputeStream
    ) {
        self.configuration = configuration
        self.weights = weights
        self.index = index
        self.ablatedHeads = ablatedHeads
        self.blocks = blocks
        self.stream = stream
        tokenCount = blocks.positions.elementCount
    }

    /// The layer's output for its input, both `[tokens * embeddingLength]`.
    func output(_ input: [Float]) throws -> [Float] {
        let graph = try newGraph(laneCount: 0)
        let x = graph.input(.float32, configuration.embeddingLength, 1, tokenCount, name: "layer input")
        // The rule makes no difference to the values.
        let headMask = headMask(in: graph)
        let tape = tape(graph, .attnLRP, headMask)
        let y = block(tape)(tape.source(x)).value
        graph.output(y)
        let plan = try GraphPlan(graph, on: stream)
        x.write(input)
        writeHeadMask(headMask)
        try plan.compute()
        return y.readFloats()
    }

    /// The adjoint of the layer's input from that of its output.
    /// - Parameters:
    ///   - adjoint: `[lanes * tokens * embeddingLength]`.
    ///   - withHeads: whether the relevance of heads is wanted; without it there is none in the result.
    func pullBack(
        _ adjoint: [Float], input: [Float], rule: PropagationRule, withHeads: Bool = true
    ) throws -> Result {
        let (width, heads) = (configuration.embeddingLength, configuration.attention[index].headCount)
        let laneCount = adjoint.count / input.count
        let graph = try newGraph(laneCount: laneCount)
        let x = graph.input(.float32, width, 1, tokenCount, name: "layer input")
        let outputAdjoint = graph.input(.float32, width, 1, tokenCount, laneCount, name: "output adjoint")
        let headMask = headMask(in: graph)
        let tape = tape(graph, rule, headMask)
        let source = tape.source(x)
        tape.pullBack(outputAdjoint, from: block(tape)(source))

        let inputAdjoint = tape.adjoint(of: source) ?? outputAdjoint
        let residualStream = graph.sumOfRows(graph.multiply(inputAdjoint, x))
        var wanted = [inputAdjoint, residualStream]
        if withHeads, let outputs = tape.headOutputs, let adjoint = tape.adjoint(of: outputs) {
            let relevance = graph.reshape(
                graph.multiply(adjoint, outputs.value), configuration.attention[index].headWidth, heads, tokenCount,
                laneCount)
            wanted += [graph.sumOfRows(relevance), graph.sumOfRows(graph.positivePart(relevance))]
        }
        wanted.forEach(graph.output)
        let plan = try GraphPlan(graph, on: stream)
        x.write(input)
        outputAdjoint.write(adjoint)
        writeHeadMask(headMask)
        try plan.compute()
        let values = wanted.dropFirst().map { $0.readFloats().map(Double.init) }
        let perLane = values.dropFirst().map { $0.split(into: heads).map(withAbsentHeads).split(into: tokenCount) }
        let none =
            withHeads
            ? Array(repeating: Array(repeating: withAbsentHeads([]), count: tokenCount), count: laneCount) : []
        return Result(
            adjoint: inputAdjoint.readFloats(), residualStream: values[0].split(into: tokenCount),
            heads: perLane.first ?? none, positiveHeads: perLane.last ?? none)
    }

    /// Relevance of a layer's heads, with none for those that only other layers have.
    private func withAbsentHeads(_ relevance: [Double]) -> [Double] {
        relevance + Array(repeating: 0, count: configuration.headCount - relevance.count)
    }

    private func headMask(in graph: Graph) -> Tensor? {
        let heads = configuration.attention[index].headCount
        return ablatedHeads.isEmpty || heads == 0 ? nil : graph.input(.float32, 1, heads, name: "head mask")
    }

    private func writeHeadMask(_ mask: Tensor?) {
        mask?.write((0..<configuration.attention[index].headCount).map { ablatedHeads.contains($0) ? 0 : 1 as Float })
    }

    private func tape(_ graph: Graph, _ rule: PropagationRule, _ headMask: Tensor?) -> ReverseTape {
        ReverseTape(
            graph: graph, rule: rule, blocks: blocks, headMask: headMask,
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
