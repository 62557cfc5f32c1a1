import TensorGraph

/// The second way by which the tokens of a sequence enter a model, forwards and back: their embeddings for each layer.
struct ReversePerLayerInputs {
    let configuration: ModelConfiguration
    let weights: PerLayerEmbeddings
    let sequence: ReverseSequence
    /// What the first layer reads, `[tokens * embeddingLength]`.
    let stream: [Float]
    /// `[tokens * layers * length]`.
    let embeddings: [Float]

    private var length: Int { configuration.perLayerEmbeddingLength ?? 0 }
    private var layerCount: Int { configuration.layerCount }

    /// A graph over the whole sequence, and what is written to it.
    private struct Pass {
        let graph: Graph
        let tape: ReverseTape
        let stream, embeddings, all: ReverseTape.Activation
    }

    private func pass(_ rule: PropagationRule) throws -> Pass {
        let graph = try Graph(capacity: 256)
        let tape = ReverseTape(
            graph: graph, rule: rule, sequence: sequence,
            scratch: graph.reverseScratch(
                width: max(configuration.embeddingLength, layerCount * length), headWidth: 0, laneCount: 1,
                threadCount: sequence.stream.threadCount))
        func source(_ width: Int, _ name: String) -> ReverseTape.Activation {
            tape.source(graph.input(.float32, width, 1, sequence.tokenCount, name: name))
        }
        let (x, own) = (
            source(configuration.embeddingLength, "embeddings"), source(layerCount * length, "for each layer")
        )
        return Pass(
            graph: graph, tape: tape, stream: x, embeddings: own,
            all: tape.perLayerInputs(x, own, weights, configuration))
    }

    private func write(_ pass: Pass) {
        pass.stream.value.write(stream)
        pass.embeddings.value.write(embeddings)
    }

    /// What enters each layer, `[layers][tokens * length]`.
    func inputs() throws -> [[Float]] {
        let pass = try pass(.attnLRP)
        let inputs = (0..<layerCount).map { pass.tape.perLayerInput(pass.all, layer: $0, length: length).value }
        inputs.forEach(pass.graph.output)
        let plan = try GraphPlan(pass.graph, on: sequence.stream)
        write(pass)
        return try plan.compute { inputs.map { $0.readFloats() } }
    }

    /// The relevance that the tokens have by this way.
    /// - Parameter adjoints: of each layer's input, `[layers][lanes * tokens * length]`.
    /// - Returns: `[lanes][tokens]`.
    func relevance(_ adjoints: [[Float]], rule: PropagationRule) throws -> [[Double]] {
        let (tokenCount, laneCount) = (sequence.tokenCount, adjoints[0].count / (sequence.tokenCount * length))
        let pass = try pass(rule)
        let graph = pass.graph
        let adjoint = graph.input(.float32, layerCount * length, 1, tokenCount, laneCount, name: "adjoints")
        let scaled = graph.scale(adjoint, by: Float(0.5).squareRoot())
        pass.tape.pullBack(scaled, from: pass.all)
        let relevances = [pass.stream, pass.embeddings].compactMap { source in
            pass.tape.adjoint(of: source).map { graph.rowProducts(graph.contiguous($0), source.value).all }
        }
        relevances.forEach(graph.output)
        let plan = try GraphPlan(graph, on: sequence.stream)
        write(pass)
        adjoint.write(sideBySide(adjoints, rowCount: laneCount * tokenCount))
        let sums = try plan.compute { relevances.map { $0.readFloats().map(Double.init) } }
        return sums.dropFirst().reduce(sums[0]) { zip($0, $1).map(+) }.split(into: tokenCount)
    }

    /// `[layers][rows * length]` to `[rows * layers * length]`.
    private func sideBySide(_ parts: [[Float]], rowCount: Int) -> [Float] {
        var all: [Float] = []
        all.reserveCapacity(rowCount * parts.count * length)
        for row in 0..<rowCount {
            for part in parts { all += part[row * length..<(row + 1) * length] }
        }
        return all
    }
}
