import Foundation
import Testing

@testable import AttributionGuidedDecoding
@testable import LaneEngine
@testable import TestFixtures

@Suite("Generations begin, stop, share and cancel as promised")
struct GenerationTests {
    static let options = Session.Options(contextLength: 64, threadCount: 1, cacheType: .float32)

    private func collect(_ generation: Generation) async throws -> [GenerationStep] {
        var steps: [GenerationStep] = []
        for try await step in generation { steps.append(step) }
        return steps
    }

    @Test("a prompt that leaves no room is an error before anything is computed")
    func promptTooLong() throws {
        let model = try Oracle.model("llama")
        let prompt = try model.prompt(tokens: Array(repeating: 7, count: 64))
        #expect(throws: GenerationError.promptTooLong(promptLength: 64, contextLength: 64)) {
            try model.generate(prompt, strategy: Greedy(), options: Self.options)
        }
    }

    @Test("a full context ends the generation with its reason, after as many tokens as fit")
    func contextFull() async throws {
        let model = try Oracle.model("llama")
        let prompt = try model.prompt(tokens: Array(repeating: 7, count: 60))
        let steps = try await collect(
            model.generate(
                prompt, strategy: Greedy(), limits: GenerationLimits(ignoresEndOfGeneration: true),
                options: Self.options))
        #expect(steps.last?.stopReason == .contextFull)
        #expect(steps.count == 5)  // Four fill the context; the fifth needs no place of its own.
        #expect(steps.dropLast().allSatisfy { $0.stopReason == nil })
    }

    @Test("many sessions of one model at once give what each gives alone")
    func concurrentSessions() async throws {
        let model = try Oracle.model("qwen2")
        let oracle = try Oracle.load("qwen2")
        func tokens(_ seed: Int) async throws -> [Int] {
            let prompt = try model.prompt(tokens: Array(oracle.prompt.dropFirst(seed)))
            let strategy = AttributionGuided(region: RegionOfInterest(tokens: [seed: 1]), entropyThreshold: nil)
            return try await collect(
                model.generate(
                    prompt, strategy: strategy,
                    limits: GenerationLimits(maximumTokens: 8, ignoresEndOfGeneration: true),
                    options: Self.options)
            ).map(\.token)
        }
        var alone: [[Int]] = []
        for seed in 0..<4 { alone.append(try await tokens(seed)) }
        let together = try await withThrowingTaskGroup(of: (Int, [Int]).self) { group in
            for seed in 0..<4 { group.addTask { (seed, try await tokens(seed)) } }
            return try await group.reduce(into: [Int: [Int]]()) { $0[$1.0] = $1.1 }
        }
        for seed in 0..<4 { #expect(together[seed] == alone[seed]) }
    }

    @Test("cancelling the task ends the generation before the next forward pass", .timeLimit(.minutes(1)))
    func cancellation() async throws {
        let model = try Oracle.model("llama")
        let prompt = try model.prompt(tokens: [1, 2, 3])
        let generation = try model.generate(
            prompt, strategy: Greedy(), limits: GenerationLimits(ignoresEndOfGeneration: true), options: Self.options)
        let task = Task {
            var count = 0
            for try await _ in generation {
                count += 1
                if count == 3 { withUnsafeCurrentTask { $0?.cancel() } }
            }
            return count
        }
        await #expect(throws: CancellationError.self) { try await task.value }
    }

    @Test("a second generation in a session reads only what is new, and says the same as a fresh one")
    func prefixReuse() async throws {
        let model = try Oracle.model("gemma3")
        let oracle = try Oracle.load("gemma3")
        let session = try Session(model, options: Self.options)
        let strategy = AttributionGuided(region: try oracle.region("span"), entropyThreshold: nil)
        let limits = GenerationLimits(maximumTokens: 6, ignoresEndOfGeneration: true)
        let prompt = try model.prompt(tokens: oracle.prompt)
        let first = try await collect(session.generate(prompt, strategy: strategy, limits: limits)).map(\.token)
        let next = try model.prompt(tokens: oracle.prompt + first + [9, 8])
        let reused = try await collect(session.generate(next, strategy: strategy, limits: limits)).map(\.token)
        let fresh = try await collect(model.generate(next, strategy: strategy, limits: limits, options: Self.options))
            .map(\.token)
        #expect(reused == fresh)
    }
}
