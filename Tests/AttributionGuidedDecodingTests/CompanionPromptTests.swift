import Testing

@testable import AttributionGuidedDecoding
@testable import TestFixtures

@Suite("A strategy's second prompt is read, kept and bounded like the first")
struct CompanionPromptTests {
    private static let limits = GenerationLimits(maximumTokens: 8, ignoresEndOfGeneration: true)

    private static func collect(_ generation: Generation) async throws -> [GenerationStep] {
        var steps: [GenerationStep] = []
        for try await step in generation { steps.append(step) }
        return steps
    }

    private static func contrast(_ model: LanguageModel, _ tokens: [Int]) throws -> ContextAware {
        ContextAware(without: try model.prompt(tokens: tokens))
    }

    @Test("a session that has decoded others before says what a fresh one says")
    func reuse() async throws {
        let (model, tokens) = (try Oracle.model("gemma3"), try Oracle.load("gemma3").prompt)
        let session = try Session(model, options: GenerationTests.options)
        let strategies: [any DecodingStrategy] = [
            try Self.contrast(model, Array(tokens.dropFirst(3))),
            try Self.contrast(model, Array(tokens.dropFirst(3).dropLast(4))), Greedy(),
            AttributionGuided(region: Oracle.span, entropyThreshold: nil),
            try Self.contrast(model, Array(tokens.dropLast(2))),
        ]
        for strategy in strategies {
            let prompt = try model.prompt(tokens: tokens)
            let used = try await Self.collect(session.generate(prompt, strategy: strategy, limits: Self.limits))
            let fresh = try await Self.collect(
                model.generate(prompt, strategy: strategy, limits: Self.limits, options: GenerationTests.options))
            #expect(used.map(\.token) == fresh.map(\.token))
        }
    }

    @Test("a second prompt that leaves no room is an error before anything is computed")
    func promptTooLong() throws {
        let model = try Oracle.model("llama")
        let strategy = try Self.contrast(model, Array(repeating: 7, count: 64))
        #expect(throws: GenerationError.promptTooLong(promptLength: 64, contextLength: 64)) {
            try model.generate(
                model.prompt(tokens: [1, 2]), strategy: strategy, options: GenerationTests.options)
        }
    }

    @Test("the context is full when either sequence fills it; by default there is room for both")
    func contextFull() async throws {
        let model = try Oracle.model("llama")
        let prompt = try model.prompt(tokens: [1, 2])
        let strategy = try Self.contrast(model, Array(repeating: 7, count: 60))
        let cut = try await Self.collect(
            model.generate(prompt, strategy: strategy, limits: Self.limits, options: GenerationTests.options))
        #expect(cut.count == 5)
        #expect(cut.last?.stopReason == .contextFull)
        let whole = try await Self.collect(model.generate(prompt, strategy: strategy, limits: Self.limits))
        #expect(whole.last?.stopReason == .maximumTokens)
    }

    @Test("a text that is dictated is judged by its adviser's second sequence too")
    func dictated() async throws {
        let (model, tokens) = (try Oracle.model("llama"), try Oracle.load("llama").prompt)
        let adviser = try Self.contrast(model, Array(tokens.dropFirst(4)))
        let prompt = try model.prompt(tokens: tokens)
        let free = try await Self.collect(
            model.generate(prompt, strategy: adviser, limits: Self.limits, options: GenerationTests.options))
        let said = try await Self.collect(
            model.generate(
                prompt, strategy: Dictated(free.map(\.token), adviser: adviser), limits: Self.limits,
                options: GenerationTests.options))
        #expect(said.map(\.choice) == free.map(\.choice))
    }
}
