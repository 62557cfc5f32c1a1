import CLaneKernels
import Testing

@testable import TensorGraph

/// Each kernel against a plain loop in double precision, for every instruction set that this processor has.
@Suite("Kernels for all lanes agree with plain loops", .serialized)
struct LaneKernelTests {
    static let instructionSets = [LANE_PORTABLE, LANE_NEON, LANE_AVX2, LANE_AVX512].map(\.rawValue)

    /// Runs `body` with an instruction set; where the processor lacks it, the case is recorded as skipped.
    static func with(_ set: UInt32, _ body: () throws -> Void) throws {
        let best = lane_instruction_set()
        guard lane_choose_instruction_set(lane_instruction_set(rawValue: set)) else {
            try Test.cancel("this processor lacks the instruction set")
        }
        defer { _ = lane_choose_instruction_set(best) }
        try body()
    }

    @Test("RMSNorm of any width and number of lanes", arguments: instructionSets, [1, 7, 64, 100, 2048])
    func norm(set: UInt32, width: Int) throws {
        var random = Numbers()
        try Self.with(set) {
            for (lanes, derivative) in [(1, false), (2, false), (3, true)] {
                let (x, gain) = (random.matrices(width * 6 * lanes), random.matrices(width))
                let y = try compute([(x, [width, 3, 2 * lanes]), (gain, [width])]) { graph, inputs in
                    graph.laneNorm(
                        inputs[0], gain: inputs[1], epsilon: 1e-5,
                        [(LaneGroup(tokenCount: 2, laneCount: lanes), derivative)])
                }
                for row in 0..<6 {
                    func element(_ lane: Int, _ i: Int) -> Double { Double(x[(lane * 6 + row) * width + i]) }
                    let square = (0..<width).reduce(0) { $0 + element(0, $1) * element(0, $1) } / Double(width)
                    let factor = 1 / (square + 1e-5).squareRoot()
                    for lane in 0..<lanes {
                        let products = (0..<width).reduce(0) { $0 + element(0, $1) * element(lane, $1) }
                        let share = lane > 0 && derivative ? products / Double(width) * factor * factor : 0
                        for i in 0..<width {
                            let expected = (element(lane, i) - share * element(0, i)) * factor * Double(gain[i])
                            #expect(
                                abs(Double(y[(lane * 6 + row) * width + i]) - expected) < 1e-5 * (1 + abs(expected)))
                        }
                    }
                }
            }
        }
    }

    @Test("softmax of rows of any width", arguments: instructionSets, [1, 5, 16, 300, 4099])
    func softmax(set: UInt32, width: Int) throws {
        var random = Numbers()
        try Self.with(set) {
            var x = random.matrices(3 * width, scale: 20)
            if width > 1 { x[width / 2] = -.infinity }
            let y = try compute([(x, [width, 1, 3])]) { graph, inputs in graph.laneSoftmax(inputs[0]) }
            for row in 0..<3 {
                let weights = x[row * width..<(row + 1) * width].map { exponential(Double($0)) }
                let total = weights.reduce(0, +)
                for (i, weight) in weights.enumerated() {
                    #expect(abs(Double(y[row * width + i]) - weight / total) <= 5e-6 * weight / total + 1e-37)
                }
            }
            for odd in [Float.nan, .infinity] {
                x[width - 1] = odd
                let y = try compute([(x, [width, 1, 3])]) { graph, inputs in graph.laneSoftmax(inputs[0]) }
                #expect(y[..<width].allSatisfy(\.isNaN) && y[width...].allSatisfy(\.isFinite))
            }
        }
    }

    @Test("gated activations with any factors, ratio and derivative", arguments: instructionSets, [true, false])
    func gatedProduct(set: UInt32, gelu: Bool) throws {
        var random = Numbers()
        let count = 203
        try Self.with(set) {
            let gates = [
                Graph.LaneGate(derivative: false, gateFactor: 0.5, upFactor: 0.25),
                .init(derivative: false, gateFactor: 0, upFactor: 1),
                .init(derivative: true, gateFactor: 1, upFactor: 1),
            ]
            for lanes in gates {
                let (gate, up) = (random.matrices(3 * count, scale: 6), random.matrices(3 * count))
                let y = try compute([(gate, [count, 1, 3]), (up, [count, 1, 3])]) { graph, inputs in
                    graph.laneGatedProduct(
                        gate: inputs[0], up: inputs[1], gelu: gelu, [(LaneGroup(tokenCount: 1, laneCount: 3), lanes)])
                }
                for i in 0..<count {
                    let (g, u) = (Double(gate[i]), Double(up[i]))
                    let sigmoid = 1 / (1 + exponential(gelu ? -g * (1.5957691216 + 0.0713548162726 * g * g) : -g))
                    let slope = gelu ? 1.5957691216 + 3 * 0.0713548162726 * g * g : 1
                    let derivative = sigmoid + g * sigmoid * (1 - sigmoid) * slope
                    for lane in 0..<3 {
                        let (tg, tu) = (Double(gate[lane * count + i]), Double(up[lane * count + i]))
                        let tangent =
                            Double(lanes.gateFactor) * tg * (lanes.derivative ? derivative : sigmoid) * u
                            + Double(lanes.upFactor) * g * sigmoid * tu
                        let expected = lane == 0 ? g * sigmoid * u : tangent
                        #expect(abs(Double(y[lane * count + i]) - expected) < 1e-5 * (1 + abs(expected)))
                    }
                }
            }
        }
    }

    struct AttentionCase: CustomTestStringConvertible {
        var type: ElementType
        var width, heads, keyHeads, tokens, start, lanes: Int
        var window: Int?
        var varies = true
        /// Of values, where it isn't that of keys.
        var valueType: ElementType?
        /// Rows of the caches, where there are fewer than positions.
        var rows: Int?
        var testDescription: String {
            "\(type)/\(valueType ?? type) cache, \(heads)/\(keyHeads) heads of \(width), \(tokens) tokens at \(start), \(lanes) lanes, window \(window ?? 0), \(rows ?? 0) rows"
        }
    }

    static let attentionCases: [AttentionCase] = [
        .init(type: .float32, width: 8, heads: 4, keyHeads: 2, tokens: 1, start: 0, lanes: 2),
        .init(type: .float32, width: 20, heads: 3, keyHeads: 1, tokens: 70, start: 0, lanes: 3),
        .init(type: .float16, width: 64, heads: 8, keyHeads: 2, tokens: 1, start: 99, lanes: 1),
        .init(type: .float16, width: 64, heads: 8, keyHeads: 2, tokens: 1, start: 99, lanes: 3),
        .init(type: .float16, width: 64, heads: 9, keyHeads: 3, tokens: 1, start: 99, lanes: 3),
        .init(type: .float16, width: 64, heads: 9, keyHeads: 3, tokens: 90, start: 200, lanes: 3),
        .init(type: .float16, width: 24, heads: 6, keyHeads: 2, tokens: 37, start: 30, lanes: 2, window: 7),
        .init(type: .bfloat16, width: 36, heads: 2, keyHeads: 2, tokens: 5, start: 61, lanes: 2, window: 40),
        .init(type: .bfloat16, width: 128, heads: 20, keyHeads: 1, tokens: 3, start: 31, lanes: 2, varies: false),
        .init(type: .quantised8, width: 32, heads: 4, keyHeads: 2, tokens: 1, start: 0, lanes: 1),
        .init(type: .quantised8, width: 64, heads: 9, keyHeads: 3, tokens: 1, start: 99, lanes: 3),
        .init(type: .quantised8, width: 96, heads: 6, keyHeads: 2, tokens: 37, start: 30, lanes: 2, window: 7),
        .init(type: .quantised4, width: 32, heads: 2, keyHeads: 2, tokens: 5, start: 61, lanes: 2, window: 40),
        .init(type: .quantised4, width: 256, heads: 4, keyHeads: 1, tokens: 3, start: 31, lanes: 3),
        .init(type: .quantised4, width: 64, heads: 8, keyHeads: 2, tokens: 1, start: 77, lanes: 2, varies: false),
        .init(
            type: .quantised8, width: 64, heads: 6, keyHeads: 2, tokens: 9, start: 40, lanes: 2, valueType: .quantised4),
        .init(type: .float16, width: 64, heads: 4, keyHeads: 1, tokens: 2, start: 70, lanes: 2, valueType: .quantised8),
        .init(type: .float16, width: 64, heads: 4, keyHeads: 2, tokens: 30, start: 300, lanes: 3, window: 33, rows: 64),
        .init(type: .float32, width: 20, heads: 2, keyHeads: 2, tokens: 1, start: 127, lanes: 2, window: 64, rows: 64),
        .init(
            type: .quantised8, width: 32, heads: 5, keyHeads: 1, tokens: 17, start: 143, lanes: 2, window: 48, rows: 64),
    ]

    @Test("attention over cached positions and their tangents", arguments: instructionSets, attentionCases)
    func attention(set: UInt32, shape: AttentionCase) throws {
        try Self.with(set) {
            var random = Numbers()
            let run = try AttentionRun(shape, &random)
            let result = try run.compute(lanes: shape.lanes)
            for (ours, expected) in zip(result, run.expected()) {
                #expect(abs(Double(ours) - expected) < 2e-5 * (1 + abs(expected)))
            }
            // The primal doesn't depend on how many lanes there are: to the last bit.
            #expect(try run.compute(lanes: 1) == Array(result.prefix(result.count / shape.lanes)))
            // Nor does a token depend on how many are read with it.
            let last = (0..<shape.lanes).flatMap { run.last(1, of: result, lane: $0) }
            #expect(try run.compute(lanes: shape.lanes, tokenCount: 1) == last)
        }
    }

    struct ProductCase: CustomTestStringConvertible {
        var type: String
        var set: UInt32
        var testDescription: String { "\(type), instruction set \(set)" }

        static let floats = ["f16", "bf16", "f32"]
        static let quantised = [
            "q4_0", "q4_1", "q5_0", "q5_1", "q8_0", "q2_K", "q3_K", "q4_K", "q5_K", "q6_K", "iq4_nl", "iq4_xs", "mxfp4",
            "iq3_xxs", "iq3_s", "iq2_xxs", "iq2_xs", "iq2_s", "iq1_s", "iq1_m", "tq1_0", "tq2_0",
        ]
        static func of(_ types: [String]) -> [ProductCase] {
            types.flatMap { type in instructionSets.map { ProductCase(type: type, set: $0) } }
        }
    }

    @Test(
        "products are ggml's, and a column's doesn't depend on how many there are",
        arguments: ProductCase.of(ProductCase.quantised))
    func product(item: ProductCase) throws {
        try expectProducts(item, width: 512, rows: 43, columns: [1, 2, 3, 4, 5, 12, 15, 27])
    }

    @Test("products of any number of columns", arguments: ["q5_1", "q6_K", "iq4_nl"])
    func productOfColumns(type: String) throws {
        try expectProducts(
            ProductCase(type: type, set: lane_instruction_set().rawValue), width: 256, rows: 19,
            columns: Array(1...130) + [257])
    }

    @Test(
        "blocks of 32 may be odd in number, rows fewer than a panel's, and columns wide", arguments: instructionSets,
        [(32, 1), (96, 17), (10_016, 18)])
    func productOfShape(set: UInt32, shape: (width: Int, rows: Int)) throws {
        for type in ["q4_1", "q5_0", "q8_0", "mxfp4"] {
            try expectProducts(
                ProductCase(type: type, set: set), width: shape.width, rows: shape.rows, columns: [1, 3, 13])
        }
    }

    @Test("products of a few columns with floats are ggml's", arguments: ProductCase.of(ProductCase.floats))
    func productOfFloats(item: ProductCase) throws {
        try expectProducts(item, width: 512, rows: 161, columns: [1, 2, 3, 4, 5])
        // Too wide for the first cache: taken in pieces.
        try expectProducts(item, width: 39 * 256, rows: 32, columns: [3])
    }

    @Test(
        "several matrices of different types and heights are products of their own, with a bias for the primal",
        arguments: [1, 2, 6])
    func linearLayers(columns: Int) throws {
        var random = Numbers()
        let width = 256
        let layers = try ["q4_K", "q8_0", "q5_K", "q5_0"].enumerated().map { index, type in
            let rows = 40 - 7 * index
            return try QuantisedWeights(type, random.matrices(width * rows), width: width, rows: rows)
        }
        let bias = try TensorBuffer([(type: .float32, shape: [33])], on: .cpu, purpose: "test")
        bias.tensors[0].write(random.matrices(33))
        let x = (random.matrices(width * columns), [width, columns])
        for threads in [1, 2, 7] {
            for (index, layer) in layers.enumerated() {
                func product(_ which: [QuantisedWeights], _ place: Int, biased: Int) throws -> [Float] {
                    try compute([x], threads: threads) { graph, inputs in
                        let matrices = which.map { item in
                            Graph.LaneMatrix(
                                weights: item.tensor, panels: item.panels,
                                bias: item.tensor.shape[1] == 33 ? bias.tensors[0] : nil)
                        }
                        let scratch = graph.laneProductScratch(width: width, threadCount: threads)
                        return try #require(
                            graph.laneProducts(
                                matrices, inputs[0], [LaneGroup(tokenCount: biased, laneCount: 2)], scratch: scratch)
                        )[place]
                    }
                }
                let (alone, together) = (
                    try product([layer], 0, biased: 0), try product(layers, index, biased: columns / 2)
                )
                let rows = layer.tensor.shape[1]
                let expected = alone.enumerated().map { place, value in
                    rows == 33 && place / rows < columns / 2
                        ? value + bias.tensors[0].readFloats()[place % rows] : value
                }
                #expect(together == expected)
            }
        }
    }

    private func expectProducts(_ item: ProductCase, width: Int, rows: Int, columns: [Int]) throws {
        var random = Numbers()
        let weights = try QuantisedWeights(item.type, random.matrices(width * rows), width: width, rows: rows)
        let x = random.matrices(width * (columns.max() ?? 0))
        var first: [Float]?
        for count in columns {
            let column = (Array(x.prefix(width * count)), [width, count])
            let theirs = try compute([column], threads: 1) { graph, inputs in
                graph.multiplyMatrix(weights.tensor, inputs[0])
            }
            try Self.with(item.set) {
                let ours = try compute([column], threads: 3) { graph, inputs in
                    let matrix = Graph.LaneMatrix(weights: weights.tensor, panels: weights.panels)
                    let scratch = graph.laneProductScratch(width: width, threadCount: 3)
                    let products = graph.laneProducts([matrix], inputs[0], [], scratch: scratch)
                    return products?[0] ?? graph.multiplyMatrix(weights.tensor, inputs[0])
                }
                let limit = (theirs.map { abs($0) }.max() ?? 0) * QuantisedWeights.tolerance(item.type)
                #expect(zip(ours, theirs).allSatisfy { abs($0 - $1) <= limit }, "\(count) columns")
                guard weights.panels != nil else { return }
                #expect(first == nil || first == Array(ours.prefix(rows)), "\(count) columns")
                first = Array(ours.prefix(rows))
            }
        }
    }
}
