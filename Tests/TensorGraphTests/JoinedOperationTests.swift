import CLaneKernels
import Testing

@testable import TensorGraph

/// What an operation takes over from others gives what they give by themselves, to the last bit.
@Suite("Operations that are joined give what they give apart", .serialized)
struct JoinedOperationTests {
    private let width = 256

    /// A tensor that nothing tells where it comes from.
    private func copy(_ x: Tensor, _ graph: Graph) -> Tensor { graph.scale(x, by: 1) }

    private func matrices(_ types: [String], rows: Int, _ random: inout Numbers) throws -> [QuantisedWeights] {
        try types.map { try QuantisedWeights($0, random.matrices(width * rows), width: width, rows: rows) }
    }

    @Test("RMSNorm before a product", arguments: [1, 2, 3, 4, 6], [false, true])
    func norm(columns: Int, derivative: Bool) throws {
        var random = Numbers()
        let weights = try matrices(["q4_K", "q5_0"], rows: 50, &random)
        let lanes = columns % 2 == 0 ? 2 : columns
        let shape = [width, 1, columns]
        let group = LaneGroup(tokenCount: columns / lanes, laneCount: lanes)
        let gain = try TensorBuffer([(type: .float32, shape: [width])], on: .cpu, purpose: "test")
        gain.tensors[0].write(random.matrices(width))
        let x = random.matrices(width * columns)
        for (threads, part) in [(1, 0), (3, 0), (3, 1)] {
            func product(joined: Bool) throws -> [Float] {
                try compute([(x, shape)], threads: threads) { graph, inputs in
                    let normed = graph.laneNorm(
                        inputs[0], gain: gain.tensors[0], epsilon: 1e-5, [(group, derivative)])
                    let matrices = weights.map { Graph.LaneMatrix(weights: $0.tensor, panels: $0.panels) }
                    return try #require(
                        graph.laneProducts(
                            matrices, graph.reshape(joined ? normed : copy(normed, graph), width, columns),
                            [group],
                            scratch: graph.laneProductScratch(width: width, threadCount: threads)))[part]
                }
            }
            #expect(try product(joined: true) == product(joined: false))
        }
    }

    @Test("a sum after a product", arguments: [1, 2, 7, 130])
    func sum(columns: Int) throws {
        var random = Numbers()
        let weights = try matrices(["q4_1"], rows: 37, &random)[0]
        let inputs = [
            (random.matrices(width * columns), [width, columns]), (random.matrices(37 * columns), [37, columns]),
        ]
        for threads in [1, 3] {
            func sum(joined: Bool) throws -> [Float] {
                try compute(inputs, threads: threads) { graph, inputs in
                    let products = try #require(
                        graph.laneProducts(
                            [Graph.LaneMatrix(weights: weights.tensor, panels: weights.panels)], inputs[0],
                            [],
                            scratch: graph.laneProductScratch(width: width, threadCount: threads)))
                    return graph.laneSum(inputs[1], joined ? products[0] : copy(products[0], graph))
                }
            }
            #expect(try sum(joined: true) == sum(joined: false))
        }
    }

    @Test(
        "a gated product after two products, whatever the lanes", arguments: [(1, 1), (1, 2), (3, 2), (70, 2), (5, 3)])
    func gatedProduct(tokens: Int, lanes: Int) throws {
        var random = Numbers()
        let weights = try matrices(["q6_K", "q6_K"], rows: 45, &random)
        let columns = tokens * lanes
        let group = LaneGroup(tokenCount: tokens, laneCount: lanes)
        let x = (random.matrices(width * columns), [width, columns])
        for threads in [1, 3] {
            func product(joined: Bool) throws -> [Float] {
                try compute([x], threads: threads) { graph, inputs in
                    let products = try #require(
                        graph.laneProducts(
                            weights.map { Graph.LaneMatrix(weights: $0.tensor, panels: $0.panels) }, inputs[0],
                            [group], scratch: graph.laneProductScratch(width: width, threadCount: threads)))
                    let parts = products.map { graph.reshape($0, 45, 1, columns) }
                    return graph.laneGatedProduct(
                        gate: joined ? parts[0] : copy(parts[0], graph), up: parts[1], gelu: false,
                        [(group, .init(derivative: false, gateFactor: 0.5, upFactor: 0.5))])
                }
            }
            #expect(try product(joined: true) == product(joined: false))
        }
    }

    @Test(
        "norms of heads, rotation and storing before attention",
        arguments: [RotaryEmbedding.Layout.halves, .interleaved], [false, true])
    func placement(layout: RotaryEmbedding.Layout, isNormed: Bool) throws {
        var random = Numbers()
        let (width, heads, keyHeads, tokens, lanes) = (48, 6, 2, 5, 3)
        let rope = RotaryEmbedding(layout: layout, dimensions: 32, base: 10_000)
        let gains = try TensorBuffer(
            [(type: .float32, shape: [width]), (type: .float32, shape: [width])], on: .cpu, purpose: "test")
        gains.tensors.forEach { $0.write(random.matrices(width)) }
        let inputs = [
            (random.matrices(width * heads * tokens * lanes), [width, heads, tokens * lanes]),
            (random.matrices(width * keyHeads * tokens * lanes), [width, keyHeads, tokens * lanes]),
            (random.matrices(width * keyHeads * tokens * lanes), [width, keyHeads, tokens * lanes]),
        ]
        func attention(joined: Bool) throws -> [Float] {
            let buffer = try TensorBuffer(
                Array(repeating: (type: .float32, shape: [width, 32, keyHeads]), count: 2 * lanes), on: .cpu,
                purpose: "test")
            let caches = LaneCaches(keys: Array(buffer.tensors[..<lanes]), values: Array(buffer.tensors[lanes...]))
            let graph = try Graph(capacity: 64)
            let places = graph.input(.int32, tokens * lanes, name: "positions")
            let tensors = inputs.map { graph.input(.float32, $0.1[0], $0.1[1], $0.1[2], name: "input") }
            let turned = (0..<2).map { index in
                let x =
                    isNormed
                    ? graph.laneNorm(
                        tensors[index], gain: gains.tensors[index], epsilon: 1e-5,
                        [(LaneGroup(tokenCount: tokens, laneCount: lanes), false)])
                    : tensors[index]
                return graph.laneRotated(x, positions: places, rope, factors: nil)
            }
            let batch = LaneBatch()
            let lanesApart = LaneSequence.Columns(first: 0, stride: tokens)
            batch.write([
                LaneSequence(
                    LaneLayers([.init(caches: caches)]), start: 3, tokenCount: tokens, queryCount: tokens,
                    laneCount: lanes,
                    columns: lanesApart, queryColumns: lanesApart, rule: .init(scoreFactor: 0.5, valueFactor: 0.5))
            ])
            let placed = graph.lanePlaced(
                queries: turned[0], keys: turned[1], values: tensors[2], layer: 0, of: batch)
            let stored =
                joined
                ? try #require(placed) : graph.laneStore(keys: turned[1], values: tensors[2], layer: 0, of: batch)
            let output = graph.laneAttention(
                queries: joined ? stored : turned[0], stored: stored, keyValueHeads: keyHeads, layer: 0, of: batch,
                .init(scale: 0.2, slidingWindow: nil),
                scratch: graph.laneAttentionScratch(headWidth: width, laneCount: lanes, threadCount: 2))
            graph.output(output)
            let plan = try GraphPlan(graph, on: ComputeStream(devices: [], threadCount: 2))
            places.write((0..<lanes).flatMap { _ in (3..<3 + tokens).map { Int32($0) } })
            for (tensor, input) in zip(tensors, inputs) { tensor.write(input.0) }
            try plan.compute()
            return output.readFloats()
        }
        // Cosines are multiplied in another order of rounding.
        for (joined, apart) in zip(try attention(joined: true), try attention(joined: false)) {
            #expect(abs(joined - apart) < 1e-5)
        }
    }
}
