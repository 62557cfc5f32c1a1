import TensorGraph

/// Reverse mode: activations that remember how to send relevance back to what they were computed from.
///
/// A value is a tensor `[width, heads, tokens]`. Its adjoint, which says how much the target changes with each element
/// under the rule, is `[width, heads, tokens, lanes]`: one lane for each target. Every operation notes the transpose of
/// what ``ForwardLanes`` does to a tangent; ``pullBack(_:from:and:)`` plays the notes backwards.
final class ReverseTape: Propagation {
    struct Activation {
        let value: Tensor
        let index: Int
    }

    typealias PullBack = (_ adjoint: Tensor) -> [(source: Int, adjoint: Tensor)]

    let graph: Graph
    let rule: PropagationRule
    private let sequence: ReverseSequence
    /// What takes the place of activations, where something does.
    private let replacements: [RegionPlace.Kind: Replacement]
    private let scratch: Graph.ReverseScratch
    /// What the layer attends over, where an earlier one has made it, or what it has made itself: `[headWidth, heads, tokens]` each.
    var keysAndValues: (keys: Activation, values: Activation)?
    /// What attention came to when the sequence was read, where that was kept; and what it comes to.
    private let knownAttention: Tensor?
    private(set) var attention: Tensor?
    /// What attention takes a weighted mean of.
    private(set) var attendedValues: Activation?
    private var pullBacks: [PullBack] = []
    private var adjoints: [Int: Tensor] = [:]
    /// The activations at the places where regions may begin, before any replacement.
    private(set) var activations: [RegionPlace.Kind: Activation] = [:]

    /// Each element `x` of an activation becomes `kept * x + value`; both are `[width, 1, tokens]`.
    struct Replacement {
        let kept, value: Tensor
    }

    init(
        graph: Graph, rule: PropagationRule, sequence: ReverseSequence, scratch: Graph.ReverseScratch,
        replacements: [RegionPlace.Kind: Replacement] = [:], knownAttention: Tensor? = nil
    ) {
        self.graph = graph
        self.rule = rule
        self.sequence = sequence
        self.replacements = replacements
        self.scratch = scratch
        self.knownAttention = knownAttention
    }

    func deltaNetScratch(width: Int) -> Graph.LaneScratch {
        graph.laneDeltaNetScratch(width: width, threadCount: scratch.threadCount)
    }

    /// An activation that nothing is known about.
    func source(_ value: Tensor) -> Activation { record(value) { _ in [] } }

    /// Sends the adjoint of `result` back to everything that it was computed from, and with it those of others that came before it.
    func pullBack(
        _ adjoint: Tensor, from result: Activation, and others: [(adjoint: Tensor, activation: Activation)] = []
    ) {
        adjoints = [result.index: adjoint]
        for other in others { adjoints[other.activation.index] = other.adjoint }
        for index in pullBacks.indices.reversed() {
            guard let adjoint = adjoints[index] else { continue }
            for (source, contribution) in pullBacks[index](adjoint) {
                adjoints[source] = adjoints[source].map { graph.laneSum($0, contribution) } ?? contribution
            }
        }
    }

    /// The adjoint of an activation after ``pullBack(_:from:and:)``; nil where no relevance reaches it.
    func adjoint(of activation: Activation) -> Tensor? { adjoints[activation.index] }

    func record(_ value: Tensor, _ pullBack: @escaping PullBack) -> Activation {
        pullBacks.append(pullBack)
        return Activation(value: value, index: pullBacks.count - 1)
    }

    func linear(_ x: Activation, _ weights: LinearWeights) -> Activation { linear(x, [weights])[0] }

    func linear(_ x: Activation, _ layers: [LinearWeights]) -> [Activation] {
        let (graph, scratch, shape) = (graph, scratch, x.value.shape)
        return zip(layers, products(graph.reshape(x.value, shape[0] * shape[1], shape[2]), layers)).map {
            weights, product in
            var y = graph.reshape(product, product.shape[0], 1, shape[2])
            if let scale = weights.scale { y = graph.multiply(y, scale) }
            if weights.productBias == nil, let bias = weights.bias { y = graph.add(y, bias) }
            return record(y) { adjoint in
                let lanes = adjoint.shape[3]
                let scaled = weights.scale.map { graph.multiply(adjoint, $0) } ?? adjoint
                let columns = graph.reshape(graph.contiguous(scaled), adjoint.shape[0], shape[2] * lanes)
                let transposed = graph.laneTransposedProduct(weights.mapped, columns, scratch: scratch)
                return [(x.index, graph.reshape(transposed, shape[0], shape[1], shape[2], lanes))]
            }
        }
    }

    /// `W x` for columns `[in, tokens]`, plus the bias where it isn't added later.
    private func products(_ x: Tensor, _ layers: [LinearWeights]) -> [Tensor] {
        let matrices = layers.map {
            Graph.LaneMatrix(weights: $0.weight, panels: $0.panels, bias: $0.productBias)
        }
        let columns = LaneGroup(tokenCount: x.shape[1], laneCount: 1)
        if let products = graph.laneProducts(matrices, x, [columns], scratch: scratch.product) { return products }
        guard layers.count == 1 else { return layers.flatMap { products(x, [$0]) } }
        let product = graph.multiplyMatrix(layers[0].weight, x)
        return [layers[0].productBias.map { graph.add(product, $0) } ?? product]
    }

    func linearByHead(_ x: Activation, _ weights: LinearWeights) -> Activation {
        let graph = graph
        return record(graph.multiplyMatrixByHead(weights.weight, x.value)) { adjoint in
            [(x.index, graph.multiplyTransposedMatrixByHead(weights.mapped, adjoint))]
        }
    }

    func slice(_ x: Activation, _ range: Range<Int>) -> Activation {
        let (graph, width) = (graph, x.value.shape[0])
        return record(graph.contiguous(graph.slice(x.value, axis: 0, range))) { adjoint in
            [(x.index, graph.padded(adjoint, before: range.lowerBound, after: width - range.upperBound))]
        }
    }

    func joined(_ a: Activation, _ b: Activation) -> Activation {
        let (graph, first, all) = (graph, a.value.shape[0], a.value.shape[0] + b.value.shape[0])
        return record(graph.concatenate(a.value, b.value, axis: 0)) { adjoint in
            [
                (a.index, graph.contiguous(graph.slice(adjoint, axis: 0, 0..<first))),
                (b.index, graph.contiguous(graph.slice(adjoint, axis: 0, first..<all))),
            ]
        }
    }

    func rmsNorm(_ x: Activation, gain: Tensor?, epsilon: Float) -> Activation {
        let (graph, rule) = (graph, rule)
        if let gain, gain.elementCount == x.value.shape[0] {
            let value = graph.contiguous(x.value)
            let normed = graph.laneNorm(value, gain: gain, epsilon: epsilon, [(tokens(of: value), false)])
            return record(normed) { adjoint in
                let back = graph.normBack(
                    graph.contiguous(adjoint), at: value, gain: gain, epsilon: epsilon,
                    derivative: rule.norm == .derivative)
                return [(x.index, back)]
            }
        }
        let meanSquare = graph.meanOfRows(graph.square(x.value))
        let rms = graph.squareRoot(graph.scale(meanSquare, by: 1, offset: epsilon))
        let normed = graph.divide(x.value, rms)
        return record(gain.map { graph.multiply(normed, $0) } ?? normed) { adjoint in
            var scaled = gain.map { graph.multiply(adjoint, $0) } ?? adjoint
            if rule.norm == .derivative {
                let shape = adjoint.shape
                let repeatedNormed = graph.repeated(normed, shape[0], shape[1], shape[2], shape[3])
                let share = graph.meanOfRows(graph.multiply(scaled, normed))
                scaled = graph.subtract(scaled, graph.multiply(repeatedNormed, share))
            }
            return [(x.index, graph.divide(scaled, rms))]
        }
    }

    /// All tokens of an activation, as one group of columns.
    private func tokens(of x: Tensor) -> LaneGroup { LaneGroup(tokenCount: x.shape[2], laneCount: 1) }

    func add(_ a: Activation, _ b: Activation) -> Activation {
        record(graph.laneSum(a.value, b.value)) { [(a.index, $0), (b.index, $0)] }
    }

    func biased(_ x: Activation, _ bias: Tensor) -> Activation {
        record(graph.add(x.value, bias)) { [(x.index, $0)] }
    }

    func shifted(_ x: Activation, by offset: Float) -> Activation {
        record(graph.scale(x.value, by: 1, offset: offset)) { [(x.index, $0)] }
    }

    func scaled(_ x: Activation, by factor: Float) -> Activation {
        let graph = graph
        return factor == 1 ? x : record(graph.scale(x.value, by: factor)) { [(x.index, graph.scale($0, by: factor))] }
    }

    func centred(_ x: Activation) -> Activation {
        let graph = graph
        // Its own transpose.
        func centred(_ x: Tensor) -> Tensor { graph.subtract(x, graph.meanOfRows(x)) }
        return record(centred(x.value)) { [(x.index, centred($0))] }
    }

    func activated(_ x: Activation, _ function: ActivationFunction) -> Activation {
        let (graph, rule) = (graph, rule)
        let gate = function.gate(x.value, in: graph)
        let activated = graph.multiply(x.value, gate)
        return record(activated) { adjoint in
            let slope = function.slope(x.value, gate: gate, activated: activated, rule.activation, in: graph)
            return [(x.index, graph.multiply(adjoint, slope))]
        }
    }

    func gatedProduct(gate: Activation, up: Activation, _ function: ActivationFunction) -> Activation {
        let (graph, rule) = (graph, rule)
        if function == .silu || function == .geluTanh {
            let (own, other) = (graph.contiguous(gate.value), graph.contiguous(up.value))
            let gelu = function == .geluTanh
            let parts = Graph.LaneGate(
                derivative: rule.activation == .derivative, gateFactor: rule.gateFactor, upFactor: rule.upFactor)
            let product = graph.laneGatedProduct(
                gate: own, up: other, gelu: gelu, [(tokens(of: own), parts)], joins: false)
            return record(product) { adjoint in
                let back = graph.gatedProductBack(graph.contiguous(adjoint), gate: own, up: other, gelu: gelu, parts)
                return (rule.gateFactor == 0 ? [] : [(gate.index, back.gate)]) + [(up.index, back.up)]
            }
        }
        let factor = function.gate(gate.value, in: graph)
        let activated = graph.multiply(gate.value, factor)
        return record(graph.multiply(activated, up.value)) { adjoint in
            let toUp = (up.index, graph.scale(graph.multiply(adjoint, activated), by: rule.upFactor))
            guard rule.gateFactor != 0 else { return [toUp] }
            let slope = function.slope(gate.value, gate: factor, activated: activated, rule.activation, in: graph)
            let toGate = graph.multiply(adjoint, graph.multiply(slope, up.value))
            return [(gate.index, graph.scale(toGate, by: rule.gateFactor)), toUp]
        }
    }

    func splitHeads(_ x: Activation, count: Int) -> Activation {
        let (graph, shape) = (graph, x.value.shape)
        return record(graph.reshape(x.value, shape[0] * shape[1] / count, count, shape[2])) { adjoint in
            [(x.index, graph.reshape(adjoint, shape[0], shape[1], shape[2], adjoint.shape[3]))]
        }
    }

    func tempered(_ x: Activation, _ temperature: AttentionTemperature) -> Activation {
        let graph = graph
        let factors = temperature.factors(sequence.positions, in: graph)
        return record(graph.multiply(x.value, factors)) { [(x.index, graph.multiply($0, factors))] }
    }

    func rotate(_ x: Activation, _ rope: RotaryEmbedding, factors: Tensor?) -> Activation {
        let (graph, positions) = (graph, sequence.positions)
        return record(graph.turned(graph.contiguous(x.value), positions: positions, rope, factors: factors)) {
            adjoint in
            let back = graph.turned(
                graph.contiguous(adjoint), positions: positions, rope, factors: factors, back: true)
            return [(x.index, back)]
        }
    }

    func attention(
        queries: Activation, keysAndValues own: (keys: Activation, values: Activation)?, _ attention: SoftmaxAttention,
        layer: Int
    ) -> Activation {
        let (graph, rule, scratch) = (graph, rule, scratch)
        guard let (keys, values) = own ?? keysAndValues else {
            preconditionFailure("a layer without keys and values of its own is given those of another")
        }
        keysAndValues = (keys, values)
        let attended = graph.wholeAttention(
            queries: queries.value, keys: keys.value, values: values.value,
            .init(
                scale: attention.scale, slidingWindow: attention.slidingWindow, softcap: attention.softcap,
                sinks: attention.sinks), known: knownAttention, scratch: scratch)
        (self.attention, attendedValues) = (attended.result, values)
        let shape = queries.value.shape
        let outputs = record(graph.reshape(attended.output, shape[0] * shape[1], 1, shape[2])) { adjoint in
            let adjoints = graph.attentionBack(adjoint, attended, .init(rule), scratch: scratch)
            return [(queries.index, adjoints.queries), (keys.index, adjoints.keys), (values.index, adjoints.values)]
                .compactMap { index, adjoint in adjoint.map { (index, $0) } }
        }
        return marked(outputs, at: .init(layer: layer, kind: .heads))
    }

    func marked(_ x: Activation, at place: RegionPlace) -> Activation {
        activations[place.kind] = x
        guard let replacement = replacements[place.kind] else { return x }
        let graph = graph
        let value = graph.add(graph.multiply(x.value, replacement.kept), replacement.value)
        return record(value) { [(x.index, graph.multiply($0, replacement.kept))] }
    }
}
