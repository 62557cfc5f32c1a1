import CLaneKernels
import Testing

@testable import TensorGraph

@Suite("A team's threads do every part once, after all parts of the steps before")
struct TeamTests {
    /// x doubled `count` times, an element at a time.
    private func doublings(_ count: Int, of x: [Float], threads: Int) throws -> (
        plan: GraphPlan, input: Tensor, output: Tensor
    ) {
        let graph = try Graph(capacity: count + 16)
        let input = graph.input(.float32, x.count, name: "x")
        var y = input
        for _ in 0..<count { y = graph.laneSum(y, y) }
        graph.output(y)
        return (try GraphPlan(graph, on: ComputeStream(devices: [], threadCount: threads)), input, y)
    }

    @Test("many steps, more threads than processors", arguments: [1, 2, 5])
    func steps(threads: Int) throws {
        let x = (0..<5000).map { Float($0) }
        let (plan, input, output) = try doublings(60, of: x, threads: threads)
        for round in 1...20 {
            input.write(x.map { $0 * Float(round) })
            try plan.compute()
            #expect(
                output.readFloats() == x.map { $0 * Float(round) * Float(sign: .plus, exponent: 60, significand: 1) })
        }
    }

    @Test("plans take turns on one stream, and go while threads may still be looking")
    func plans() throws {
        let stream = try ComputeStream(devices: [], threadCount: 3)
        let x = (0..<3000).map { Float($0) }
        for round in 0..<200 {
            let graph = try Graph(capacity: 32)
            let input = graph.input(.float32, x.count, name: "x")
            var y = input
            for _ in 0..<1 + round % 5 { y = graph.laneSum(y, y) }
            graph.output(y)
            let plan = try GraphPlan(graph, on: stream)
            input.write(x)
            try plan.compute()
            #expect(y.readFloats() == x.map { $0 * Float(1 << (1 + round % 5)) })
        }
    }

    @Test("operations of ggml between ours are done in their place")
    func mixed() throws {
        let graph = try Graph(capacity: 32)
        let x = (0..<3000).map { Float($0) }
        let input = graph.input(.float32, x.count, name: "x")
        let doubled = graph.laneSum(input, input)
        let y = graph.scale(graph.laneSum(graph.scale(doubled, by: 3), doubled), by: 0.5)
        graph.output(y)
        let plan = try GraphPlan(graph, on: ComputeStream(devices: [], threadCount: 2))
        input.write(x)
        try plan.compute()
        #expect(y.readFloats() == x.map { 4 * $0 })
    }
}
