import CLlama
import Foundation
import Testing

@testable import TensorGraph

func exponential(_ x: Double) -> Double { exp(x) }

/// Numbers that look random and are the same in every run: multiples of 1/64 from -1 to 1, which all cache types hold exactly.
struct Numbers {
    private var state: UInt64 = 88_172_645_463_325_252

    mutating func next() -> Float {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return Float(Int(state % 129) - 64) / 64
    }
    mutating func matrices(_ count: Int, scale: Float = 1) -> [Float] { (0..<count).map { _ in next() * scale } }
}

/// The values of one operation on `inputs`.
func compute(
    _ inputs: [(values: [Float], shape: [Int])], threads: Int = 2, _ operation: (Graph, [Tensor]) throws -> Tensor
) throws -> [Float] {
    let graph = try Graph(capacity: 64)
    let tensors = inputs.map { input in
        let shape = input.shape + Array(repeating: 1, count: 4 - input.shape.count)
        return graph.input(.float32, shape[0], shape[1], shape[2], shape[3], name: "input")
    }
    let result = try operation(graph, tensors)
    graph.output(result)
    let plan = try GraphPlan(graph, on: ComputeStream(devices: [], threadCount: threads))
    for (tensor, input) in zip(tensors, inputs) { tensor.write(input.values) }
    try plan.compute()
    return result.readFloats()
}

/// Queries, keys and values of a sequence, of which the last tokens attend to all.
struct AttentionRun {
    let shape: LaneKernelTests.AttentionCase
    let scale: Float = 0.3
    var scoreFactor: Float { shape.varies ? 0.25 : 0 }
    let valueFactor: Float = 0.5
    /// Keys and values are as the caches give them back.
    let queries, keys, values, headWeights: [Float]
    var positions: Int { shape.start + shape.tokens }

    init(_ shape: LaneKernelTests.AttentionCase, _ random: inout Numbers) throws {
        self.shape = shape
        queries = random.matrices(shape.width * shape.heads * shape.tokens * shape.lanes)
        let count = shape.width * shape.keyHeads * (shape.start + shape.tokens) * shape.lanes
        keys = try Self.rounded(random.matrices(count), to: shape.type, width: shape.width)
        values = try Self.rounded(random.matrices(count), to: shape.valueType ?? shape.type, width: shape.width)
        headWeights = random.matrices(shape.heads * max(1, shape.lanes - 1))
    }

    /// What a quantised type keeps of `values`; the other types keep multiples of 1/64 as they are.
    private static func rounded(_ values: [Float], to type: ElementType, width: Int) throws -> [Float] {
        guard type.blockLength > 1 else { return values }
        let buffer = try TensorBuffer([(type: type, shape: [width, values.count / width])], on: .cpu, purpose: "test")
        var data = [UInt8](repeating: 0, count: buffer.tensors[0].byteCount)
        ggml_quantize_chunk(type.raw, values, &data, 0, Int64(values.count / width), Int64(width), nil)
        buffer.tensors[0].write(data)
        return buffer.tensors[0].decoded()
    }

    /// Of keys or values the last positions that the caches hold, in the first lanes.
    private func held(_ x: [Float], lanes: Int) -> [Float] {
        let width = shape.width * shape.keyHeads
        let count = min(positions, shape.rows ?? positions)
        return (0..<lanes).flatMap { lane in
            x[((lane + 1) * positions - count) * width..<(lane + 1) * positions * width]
        }
    }

    /// - Parameter tokenCount: so many of the tokens attend, the last ones; all by default.
    func compute(lanes: Int, tokenCount: Int? = nil) throws -> [Float] {
        let tokens = tokenCount ?? shape.tokens
        let capacity = shape.rows ?? (positions + 31) / 32 * 32
        let heldCount = min(positions, capacity)
        func caches(_ type: ElementType) -> [(type: ElementType, shape: [Int])] {
            Array(repeating: (type: type, shape: [shape.width, capacity, shape.keyHeads]), count: lanes)
        }
        let buffer = try TensorBuffer(
            caches(shape.type) + caches(shape.valueType ?? shape.type), on: .cpu, purpose: "test")
        let caches = LaneCaches(keys: Array(buffer.tensors[..<lanes]), values: Array(buffer.tensors[lanes...]))
        let headWeightBuffer = try TensorBuffer(
            [(type: .float32, shape: [1, 1, shape.heads, max(1, lanes - 1)])], on: .cpu, purpose: "test")
        let weights = headWeightBuffer.tensors[0]
        let graph = try Graph(capacity: 64)
        let k = graph.input(.float32, shape.width, shape.keyHeads, heldCount * lanes, name: "keys")
        let v = graph.input(.float32, shape.width, shape.keyHeads, heldCount * lanes, name: "values")
        let q = graph.input(.float32, shape.width, shape.heads, tokens * lanes, name: "queries")
        let batch = LaneBatch()
        batch.write([
            LaneSequence(
                LaneLayers([.init(caches: caches, headWeights: weights)]), start: positions - heldCount,
                tokenCount: heldCount,
                queryCount: tokens,
                laneCount: lanes, columns: .init(first: 0, stride: heldCount),
                queryColumns: .init(first: 0, stride: tokens),
                rule: .init(scoreFactor: scoreFactor, valueFactor: valueFactor))
        ])
        let output = graph.laneAttention(
            queries: q, stored: graph.laneStore(keys: k, values: v, layer: 0, of: batch),
            keyValueHeads: shape.keyHeads, layer: 0, of: batch, .init(scale: scale, slidingWindow: shape.window),
            scratch: graph.laneAttentionScratch(headWidth: shape.width, laneCount: lanes, threadCount: 3))
        graph.output(output)
        let plan = try GraphPlan(graph, on: ComputeStream(devices: [], threadCount: 3))
        k.write(held(keys, lanes: lanes))
        v.write(held(values, lanes: lanes))
        q.write((0..<lanes).flatMap { last(tokens, of: queries, lane: $0) })
        weights.write(Array(headWeights.prefix(weights.elementCount)))
        try plan.compute()
        return output.readFloats()
    }

    /// The part of the last tokens in queries or results of a lane.
    func last(_ tokenCount: Int, of x: [Float], lane: Int) -> ArraySlice<Float> {
        let row = shape.width * shape.heads
        let end = (lane + 1) * shape.tokens * row
        return x[end - tokenCount * row..<end]
    }

    /// The formulas of the rule table, one after the other.
    func expected() -> [Double] {
        var result: [Double] = []
        for lane in 0..<shape.lanes {
            for token in 0..<shape.tokens {
                for head in 0..<shape.heads { result += output(lane, token, head) }
            }
        }
        return result
    }

    private func output(_ lane: Int, _ token: Int, _ head: Int) -> [Double] {
        func query(_ lane: Int, _ i: Int) -> Double {
            Double(queries[((lane * shape.tokens + token) * shape.heads + head) * shape.width + i])
        }
        func cached(_ x: [Float], _ lane: Int, _ position: Int, _ i: Int) -> Double {
            let keyHead = head / (shape.heads / shape.keyHeads)
            return Double(x[((lane * positions + position) * shape.keyHeads + keyHead) * shape.width + i])
        }
        func dot(_ queryLane: Int, _ keyLane: Int, _ position: Int) -> Double {
            (0..<shape.width).reduce(0) { $0 + query(queryLane, $1) * cached(keys, keyLane, position, $1) }
                * Double(scale)
        }
        let last = shape.start + token
        let seen = Array(max(0, shape.window.map { last - $0 + 1 } ?? 0)...last)
        let exponentials = seen.map { exp(dot(0, 0, $0)) }
        let total = exponentials.reduce(0, +)
        let weights = exponentials.map { $0 / total }
        func weighted(_ weights: [Double], _ lane: Int, _ i: Int) -> Double {
            zip(weights, seen).reduce(0) { $0 + $1.0 * cached(values, lane, $1.1, i) }
        }
        let primal = (0..<shape.width).map { weighted(weights, 0, $0) }
        guard lane > 0 else { return primal }
        let tangents = seen.map { Double(scoreFactor) * (dot(lane, 0, $0) + dot(0, lane, $0)) }
        let mean = zip(weights, tangents).reduce(0) { $0 + $1.0 * $1.1 }
        let weightTangents = zip(weights, tangents).map { $0 * ($1 - mean) }
        return (0..<shape.width).map { i in
            weighted(weightTangents, 0, i) + Double(valueFactor) * weighted(weights, lane, i)
                + Double(headWeights[(lane - 1) * shape.heads + head]) * primal[i]
        }
    }
}

/// A matrix of some type as a file has it, and in panels if it is quantised.
final class QuantisedWeights {
    let tensor: Tensor
    let panels: WeightPanels.Matrix?
    private let buffer: TensorBuffer

    /// How far ggml's product may be off, over the largest value. On ARM ggml sums halves as halves where it can, and elsewhere
    /// rounds columns to halves or doesn't, depending on how many there are.
    static func tolerance(_ typeName: String) -> Float {
        typeName == "f16" && ggml_cpu_has_neon() != 0 ? 1e-2 : 1e-5
    }

    init(_ typeName: String, _ values: [Float], width: Int, rows: Int) throws {
        let type = try #require(
            (0..<GGML_TYPE_COUNT.rawValue).map(ggml_type.init(rawValue:)).first {
                ggml_type_name($0).map { String(cString: $0) } == typeName
            })
        buffer = try TensorBuffer([(type: ElementType(raw: type), shape: [width, rows])], on: .cpu, purpose: "test")
        tensor = buffer.tensors[0]
        var data = [UInt8](repeating: 0, count: tensor.byteCount)
        let importance = [Float](repeating: 1, count: width)
        ggml_quantize_chunk(type, values, &data, 0, Int64(rows), Int64(width), importance)
        tensor.write(data)
        let description = GGUFFile.TensorDescription(
            name: "weights", type: tensor.type, shape: tensor.shape, part: 0, offset: 0, byteCount: data.count)
        panels =
            WeightPanels.take(description)
            ? try data.withUnsafeBytes { bytes in
                let start = try #require(bytes.baseAddress)
                return try WeightPanels([description]) { _ in start }["weights"]
            } : nil
    }
}
