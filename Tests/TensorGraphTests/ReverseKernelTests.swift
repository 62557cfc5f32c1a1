import CLaneKernels
import CLlama
import Testing

@testable import TensorGraph

/// Each kernel of the way back against what it is the transpose of: `<M t, g> = <t, M^T g>`, for every instruction set that this
/// processor has.
@Suite("Kernels of reverse mode are the transposes of those for lanes", .serialized)
struct ReverseKernelTests {
    static let instructionSets = LaneKernelTests.instructionSets

    private func product(_ a: some Collection<Float>, _ b: some Collection<Float>) -> Double {
        zip(a, b).reduce(0) { $0 + Double($1.0) * Double($1.1) }
    }

    /// - Parameter scale: the size that the products may have.
    private func expectEqual(_ a: Double, _ b: Double, scale: Double) { #expect(abs(a - b) < 1e-5 * (1 + scale)) }

    private func scratch(_ graph: Graph, width: Int, headWidth: Int = 0, lanes: Int = 1) -> Graph.ReverseScratch {
        graph.reverseScratch(width: width, headWidth: headWidth, laneCount: lanes, threadCount: 2)
    }

    @Test(
        "products with a transposed matrix of any type, of few columns and many, however small they are",
        arguments: instructionSets, ["f32", "f16", "q8_0", "q4_0", "q5_1", "q4_K", "q6_K"])
    func transposedProducts(set: UInt32, typeName: String) throws {
        var random = Numbers()
        try LaneKernelTests.with(set) {
            let isQuantised = typeName.hasPrefix("q")
            for (width, rows, count, size) in [
                (256, 96, 1, 1), (512, 50, 3, 1e-6), (256, 33, 30, 1), (isQuantised ? 256 : 100, 7, 13, 1e3),
            ] as [(Int, Int, Int, Float)] {
                let weights = try QuantisedWeights(
                    typeName, random.matrices(width * rows, scale: 0.1), width: width, rows: rows)
                let columns = random.matrices(rows * count, scale: size)
                let y = try compute([(columns, [rows, count])]) { graph, inputs in
                    graph.laneTransposedProduct(
                        weights.tensor, inputs[0], scratch: scratch(graph, width: max(width, rows)))
                }
                let matrix = weights.tensor.decoded()
                var (error, all) = (0.0, 0.0)
                for column in 0..<count {
                    for i in 0..<width {
                        let expected = (0..<rows).reduce(0) {
                            $0 + Double(matrix[$1 * width + i]) * Double(columns[column * rows + $1])
                        }
                        error += (Double(y[column * width + i]) - expected) * (Double(y[column * width + i]) - expected)
                        all += expected * expected
                    }
                }
                // Transposes and columns are rounded to 8 bits where the weights have no more.
                #expect((error / all).squareRoot() < (isQuantised ? 1e-2 : 1e-5))
            }
        }
    }

    @Test("RMSNorm, its root mean square a constant or not", arguments: instructionSets, [1, 7, 64, 100, 576])
    func norm(set: UInt32, width: Int) throws {
        var random = Numbers()
        try LaneKernelTests.with(set) {
            for derivative in [false, true] {
                let (x, gain) = (random.matrices(width * 6), random.matrices(width))
                let (tangent, adjoint) = (random.matrices(width * 6), random.matrices(width * 12))
                let pushed = try compute([(x + tangent, [width, 3, 4]), (gain, [width])]) { graph, inputs in
                    graph.laneNorm(
                        inputs[0], gain: inputs[1], epsilon: 1e-5,
                        [(LaneGroup(tokenCount: 2, laneCount: 2), derivative)])
                }.suffix(width * 6)
                let pulled = try compute([(adjoint, [width, 3, 2, 2]), (x, [width, 3, 2]), (gain, [width])]) {
                    graph, inputs in
                    graph.normBack(inputs[0], at: inputs[1], gain: inputs[2], epsilon: 1e-5, derivative: derivative)
                }
                for lane in 0..<2 {
                    let own = lane * width * 6..<(lane + 1) * width * 6
                    expectEqual(
                        product(pushed, adjoint[own]), product(tangent, pulled[own]), scale: Double(width * 6))
                }
            }
        }
    }

    @Test("gated activations with any factors", arguments: instructionSets, [true, false])
    func gatedProduct(set: UInt32, gelu: Bool) throws {
        var random = Numbers()
        let count = 203
        try LaneKernelTests.with(set) {
            for rule in [
                Graph.LaneGate(derivative: false, gateFactor: 0.5, upFactor: 0.25),
                .init(derivative: true, gateFactor: 1, upFactor: 1),
            ] {
                let (gate, up) = (random.matrices(2 * count, scale: 6), random.matrices(2 * count))
                let (gateTangent, upTangent) = (random.matrices(2 * count), random.matrices(2 * count))
                let adjoint = random.matrices(2 * count)
                let pushed = try compute([(gate + gateTangent, [count, 1, 4]), (up + upTangent, [count, 1, 4])]) {
                    graph, inputs in
                    graph.laneGatedProduct(
                        gate: inputs[0], up: inputs[1], gelu: gelu, [(LaneGroup(tokenCount: 2, laneCount: 2), rule)])
                }.suffix(2 * count)
                let inputs = [(adjoint, [count, 1, 2]), (gate, [count, 1, 2]), (up, [count, 1, 2])]
                let toGate = try compute(inputs) { graph, inputs in
                    graph.gatedProductBack(inputs[0], gate: inputs[1], up: inputs[2], gelu: gelu, rule).gate
                }
                let toUp = try compute(inputs) { graph, inputs in
                    graph.gatedProductBack(inputs[0], gate: inputs[1], up: inputs[2], gelu: gelu, rule).up
                }
                expectEqual(
                    product(pushed, adjoint), product(gateTangent, toGate) + product(upTangent, toUp),
                    scale: Double(count))
            }
        }
    }

    @Test(
        "rotation of all or some of a head's elements", arguments: [RotaryEmbedding.Layout.interleaved, .halves],
        [8, 12])
    func rotation(layout: RotaryEmbedding.Layout, width: Int) throws {
        var random = Numbers()
        let rope = RotaryEmbedding(layout: layout, dimensions: 8, base: 100)
        let (x, adjoint) = (random.matrices(width * 3 * 5), random.matrices(width * 3 * 5 * 2))
        let positions = try TensorBuffer([(type: .int32, shape: [5])], on: .cpu, purpose: "test")
        positions.tensors[0].write((0..<5).map { Int32($0) })
        let pushed = try compute([(x, [width, 3, 5])]) { graph, inputs in
            graph.turned(inputs[0], positions: positions.tensors[0], rope, factors: nil)
        }
        let byGGML = try compute([(x, [width, 3, 5])]) { graph, inputs in
            graph.rotate(inputs[0], positions: positions.tensors[0], rope, factors: nil)
        }
        let pulled = try compute([(adjoint, [width, 3, 5, 2])]) { graph, inputs in
            graph.turned(inputs[0], positions: positions.tensors[0], rope, factors: nil, back: true)
        }
        #expect(zip(pushed, byGGML).allSatisfy { abs($0 - $1) < 1e-5 })
        for lane in 0..<2 {
            let own = lane * x.count..<(lane + 1) * x.count
            expectEqual(product(pushed, adjoint[own]), product(x, pulled[own]), scale: 1)
        }
    }

    @Test("sums of the products of rows, and of what is positive of them", arguments: instructionSets, [1, 20, 64])
    func rowProducts(set: UInt32, width: Int) throws {
        var random = Numbers()
        try LaneKernelTests.with(set) {
            let (x, y) = (random.matrices(width * 3 * 2), random.matrices(width * 3))
            for isPositive in [false, true] {
                let sums = try compute([(x, [width, 3, 2]), (y, [width, 3])]) { graph, inputs in
                    let products = graph.rowProducts(inputs[0], inputs[1])
                    return isPositive ? products.positive : products.all
                }
                for row in 0..<6 {
                    let expected = (0..<width).reduce(0) { sum, i in
                        let product = Double(x[row * width + i]) * Double(y[row % 3 * width + i])
                        return sum + (isPositive ? max(0, product) : product)
                    }
                    #expect(abs(Double(sums[row]) - expected) < 1e-5 * Double(width))
                }
            }
        }
    }

    /// Whole sequences: tokens at position 0, a tangent for each adjoint.
    static let attentionCases: [LaneKernelTests.AttentionCase] = [
        .init(type: .float32, width: 8, heads: 4, keyHeads: 2, tokens: 1, start: 0, lanes: 2),
        .init(type: .float32, width: 20, heads: 3, keyHeads: 1, tokens: 67, start: 0, lanes: 3),
        .init(type: .float32, width: 64, heads: 1, keyHeads: 1, tokens: 66, start: 0, lanes: 2),
        .init(type: .float32, width: 36, heads: 2, keyHeads: 2, tokens: 97, start: 0, lanes: 2, window: 33),
        .init(type: .float32, width: 16, heads: 2, keyHeads: 1, tokens: 65, start: 0, lanes: 3, varies: false),
    ]

    @Test("attention of a whole sequence, and its way back in blocks", arguments: instructionSets, attentionCases)
    func attention(set: UInt32, shape: LaneKernelTests.AttentionCase) throws {
        var random = Numbers()
        let run = try AttentionRun(shape, &random)
        let (expected, lanes) = (run.expected(), shape.lanes - 1)
        let queryCount = shape.width * shape.heads * shape.tokens
        let keyCount = shape.width * shape.keyHeads * shape.tokens
        let adjoint = random.matrices(queryCount * lanes)
        let rule = LaneSequence.Rule(scoreFactor: run.scoreFactor, valueFactor: run.valueFactor)
        func computed(_ result: (Graph.WholeAttention, Tensor, Graph, Graph.ReverseScratch) -> Tensor?) throws
            -> [Float]?
        {
            var isThere = true
            let values = try compute([
                (Array(run.queries[..<queryCount]), [shape.width, shape.heads, shape.tokens]),
                (Array(run.keys[..<keyCount]), [shape.width, shape.keyHeads, shape.tokens]),
                (Array(run.values[..<keyCount]), [shape.width, shape.keyHeads, shape.tokens]),
                (adjoint, [shape.width, shape.heads, shape.tokens, lanes]),
            ]) { graph, inputs in
                let scratch = scratch(graph, width: shape.width, headWidth: shape.width, lanes: lanes)
                let attended = graph.wholeAttention(
                    queries: inputs[0], keys: inputs[1], values: inputs[2],
                    .init(scale: run.scale, slidingWindow: shape.window), scratch: scratch)
                let tensor = result(attended, inputs[3], graph, scratch)
                // It is written, although not all results need it.
                graph.include(inputs[3])
                isThere = tensor != nil
                return tensor ?? attended.output
            }
            return isThere ? values : nil
        }
        try LaneKernelTests.with(set) {
            let output = try #require(try computed { attended, _, _, _ in attended.output })
            #expect(zip(output, expected).allSatisfy { abs(Double($0) - $1) < 1e-5 })
            let toQueries = try computed { attended, adjoint, graph, scratch in
                graph.attentionBack(adjoint, attended, rule, scratch: scratch).queries
            }
            let toKeys = try computed { attended, adjoint, graph, scratch in
                graph.attentionBack(adjoint, attended, rule, scratch: scratch).keys
            }
            let toValues = try #require(
                try computed { attended, adjoint, graph, scratch in
                    graph.attentionBack(adjoint, attended, rule, scratch: scratch).values
                })
            #expect((toQueries != nil) == shape.varies && (toKeys != nil) == shape.varies)
            for tangent in 1...lanes {
                // Without what begins at the heads.
                let pushed = (0..<queryCount).map { i in
                    let head = i / shape.width % shape.heads
                    return expected[tangent * queryCount + i]
                        - Double(run.headWeights[(tangent - 1) * shape.heads + head]) * expected[i]
                }
                func own(_ x: [Float], _ count: Int) -> ArraySlice<Float> { x[tangent * count..<(tangent + 1) * count] }
                for lane in 0..<lanes {
                    func part(_ x: [Float]?, _ count: Int) -> ArraySlice<Float> {
                        x?[lane * count..<(lane + 1) * count] ?? []
                    }
                    let left = zip(pushed, part(adjoint, queryCount)).reduce(0) { $0 + $1.0 * Double($1.1) }
                    let right =
                        product(own(run.queries, queryCount), part(toQueries, queryCount))
                        + product(own(run.keys, keyCount), part(toKeys, keyCount))
                        + product(own(run.values, keyCount), part(toValues, keyCount))
                    expectEqual(left, right, scale: Double(queryCount).squareRoot())
                }
            }
        }
    }
}
