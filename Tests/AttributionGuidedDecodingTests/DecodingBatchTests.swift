import Foundation
import Testing

@testable import AttributionGuidedDecoding
@testable import LaneEngine
@testable import TestFixtures

@Suite("Sessions of one batch say what each of them says alone", .timeLimit(.minutes(20)))
struct DecodingBatchTests {
    private static let options = Session.Options(contextLength: 128, threadCount: 1, cacheType: .float16)
    private static let limits = GenerationLimits(maximumTokens: 6, ignoresEndOfGeneration: true)

    private struct Request {
        var prompt: Prompt
        var strategy: any DecodingStrategy
    }

    /// Prompts of different lengths, each with another strategy.
    private static func requests(_ model: LanguageModel) throws -> [Request] {
        let all = (0..<90).map { ($0 * $0 + 3) % model.configuration.vocabularySize }
        func prompt(_ range: Range<Int>) throws -> Prompt { try model.prompt(tokens: Array(all[range])) }
        let region = RegionOfInterest(tokens: [2: 1, 3: 1, 4: -0.5])
        let late = RegionOfInterest(tokens: [40: 1])
        var sampling = Sampling.Options()
        sampling.seed = 7
        return [
            Request(prompt: try prompt(0..<5), strategy: Greedy()),
            Request(
                prompt: try prompt(0..<60), strategy: AttributionGuided(region: region, entropyThreshold: nil)),
            Request(
                prompt: try prompt(10..<90),
                strategy: AttributionGuided(region: late, rule: .cpLRP, score: .excess, entropyThreshold: nil)),
            Request(
                prompt: try prompt(5..<25),
                strategy: AttributionGuided(region: region, entropyThreshold: 1, tangents: .whenAsked)),
            Request(prompt: try prompt(3..<40), strategy: ContextAware(without: try prompt(10..<40))),
            Request(prompt: try prompt(0..<30), strategy: try LayerContrast(model, layers: .layers([0, 1]))),
            Request(prompt: try prompt(20..<50), strategy: Sampling(sampling)),
            Request(
                prompt: try prompt(0..<20),
                strategy: ReverseGuided(
                    AttributionGuided(region: region, entropyThreshold: 1), model: model,
                    options: Oracle.reverseOptions)),
        ]
    }

    private static func steps(_ request: Request, in session: Session) async throws -> [GenerationStep] {
        var steps: [GenerationStep] = []
        for try await step in try session.generate(request.prompt, strategy: request.strategy, limits: limits) {
            steps.append(step)
        }
        return steps
    }

    @Test("whatever their strategies, to the last bit of what is reported")
    func mixture() async throws {
        let model = try QuantizedModel.microcosm()
        let requests = try Self.requests(model)
        var alone: [[GenerationStep]] = []
        for request in requests {
            alone.append(try await Self.steps(request, in: Session(model, options: Self.options)))
        }
        let batch = try DecodingBatch(model, options: Self.options)
        // Twice, so that caches that others have left are used too.
        let sessions = requests.map { _ in Session(batch) }
        for round in 0..<2 {
            let together = try await withThrowingTaskGroup(of: (Int, [GenerationStep]).self) { group in
                for (index, request) in requests.enumerated() {
                    let session = sessions[(index + 3 * round) % sessions.count]
                    group.addTask { (index, try await Self.steps(request, in: session)) }
                }
                return try await group.reduce(into: [Int: [GenerationStep]]()) { $0[$1.0] = $1.1 }
            }
            for (index, expected) in alone.enumerated() {
                #expect(together[index]?.map(\.choice) == expected.map(\.choice), "request \(index), round \(round)")
                #expect(together[index]?.map(\.entropy) == expected.map(\.entropy), "request \(index), round \(round)")
            }
        }
    }

    @Test("one who goes on later, is cancelled, or fails, holds nobody up and changes nothing")
    func leaving() async throws {
        struct Failing: DecodingStrategy {
            let name = "failing"
            func choose(_ context: borrowing DecodingContext) throws -> Choice { throw CocoaError(.featureUnsupported) }
        }
        let model = try QuantizedModel.microcosm()
        let requests = try Self.requests(model)
        let batch = try DecodingBatch(model, options: Self.options)
        let alone = try await Self.steps(requests[1], in: Session(model, options: Self.options))

        var paused = try Session(batch).generate(
            requests[1].prompt, strategy: requests[1].strategy, limits: Self.limits
        )
        .makeAsyncIterator()
        var early: [GenerationStep] = []
        for _ in 0..<3 { early.append(try #require(await paused.next())) }
        let others = try await withThrowingTaskGroup(of: [GenerationStep]?.self) { group in
            group.addTask { try await Self.steps(requests[1], in: Session(batch)) }
            group.addTask { try await Self.steps(requests[0], in: Session(batch)) }
            group.addTask {
                let task = Task { try await Self.steps(requests[2], in: Session(batch)) }
                task.cancel()
                await #expect(throws: CancellationError.self) { try await task.value }
                return nil
            }
            group.addTask {
                await #expect(throws: CocoaError.self) {
                    try await Self.steps(
                        Request(prompt: requests[2].prompt, strategy: Failing()), in: Session(batch))
                }
                return nil
            }
            return try await group.reduce(into: []) { $0 += $1.map { [$0] } ?? [] }
        }
        #expect(others.contains { $0.map(\.choice) == alone.map(\.choice) })
        while let step = try await paused.next() { early.append(step) }
        #expect(early.map(\.choice) == alone.map(\.choice))
    }
}
