import TensorGraph
import Testing

@testable import LaneEngine
@testable import TestFixtures

@Suite("Keys and values, and their tangents, may be kept in q8_0 and q4_0")
struct QuantisedCacheTests {
    private static let prompt = (0..<90).map { ($0 * 37 + $0 * $0 * 11 + 5) % 512 }

    private static func prediction(
        _ storage: CacheStorage, fused: Bool = true, stepwise: Bool = false
    ) throws -> [[Double]] {
        let session = try InferenceSession(
            LanguageModel(path: Repository.model), regions: [Oracle.span, .allTokens],
            options: .init(contextLength: 128, threadCount: 1, cacheType: storage, fusesOperations: fused))
        if stepwise { for token in prompt.dropLast() { _ = try session.append([token]) } }
        let prediction = try session.append(Array(prompt[session.tokens.count...]), output: .allScores)
        return ([prediction.logits] + (prediction.scores ?? [])).map { $0.map(Double.init) }
    }

    private static func expectClose(_ a: [[Double]], _ b: [[Double]], _ tolerance: Double) {
        for (lane, (a, b)) in zip(a, b).enumerated() {
            #expect(a.distance(to: b) < tolerance * b.largestMagnitude, "lane \(lane)")
        }
    }

    static let types: [(keys: ElementType, values: ElementType, tolerance: Double)] = [
        (.quantised8, .quantised8, 0.05), (.quantised4, .quantised4, 0.4), (.quantised8, .float16, 0.05),
        (.float32, .quantised8, 0.05),
        (.bfloat16, .quantised8, 0.05),
    ]

    @Test("logits and scores are near those of float32", arguments: types)
    func accuracy(keys: ElementType, values: ElementType, tolerance: Double) throws {
        let exact = try Self.prediction(.float32)
        Self.expectClose(try Self.prediction(CacheStorage(keys: keys, values: values)), exact, tolerance)
    }

    @Test("fused and composed attention agree, at once and token by token", arguments: types)
    func ways(keys: ElementType, values: ElementType, tolerance: Double) throws {
        let storage = CacheStorage(keys: keys, values: values)
        let fused = try Self.prediction(storage)
        // A last bit that falls otherwise now and then changes a quantised element by a step.
        Self.expectClose(try Self.prediction(storage, fused: false), fused, tolerance)
        Self.expectClose(try Self.prediction(storage, stepwise: true), fused, tolerance)
    }

    @Test("they take a half and a quarter of the memory, and some scales")
    func memory() throws {
        let configuration = try LanguageModel.open(path: Repository.model).1
        func size(_ type: ElementType) throws -> Int {
            try CacheLayout(configuration, contextLength: 512, storage: CacheStorage(keys: type, values: type))
                .byteCount
        }
        #expect(try size(.quantised8) == size(.float16) * 34 / 64)
        #expect(try size(.quantised4) == size(.float16) * 18 / 64)
    }

    @Test("heads that their blocks don't divide are refused", arguments: [ElementType.quantised8, .quantised4])
    func width(type: ElementType) throws {
        for storage in [CacheStorage(keys: type, values: .float16), .init(keys: .float16, values: type)] {
            #expect(
                throws: InferenceError.headsDivideNoBlocks(
                    type: type.description, headWidth: 16, blockLength: 32)
            ) {
                try InferenceSession(
                    Oracle.model("qwen3"), regions: [],
                    options: .init(contextLength: 64, threadCount: 1, cacheType: storage))
            }
        }
    }
}
