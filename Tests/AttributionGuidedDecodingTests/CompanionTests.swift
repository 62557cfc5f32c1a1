import Testing

@testable import AttributionGuidedDecoding

@Suite("A second sequence is decoded beside the first, in one batch, as each would be alone")
struct CompanionTests {
    /// Two prompts of different lengths, and what completes both. On `gemma3` they are longer than the sliding window.
    private struct Case {
        let prompt, other, completion: [Int]

        init(_ variant: String) throws {
            prompt = try Oracle.load(variant).prompt
            other = Array(prompt.dropFirst(5).reversed())
            completion = Array(prompt.prefix(6))
        }
    }

    private static func session(
        _ variant: String, _ regions: [RegionOfInterest] = [], fused: Bool = true, reading tokens: [Int]
    ) throws -> InferenceSession {
        let session = try InferenceSession(
            Oracle.model(variant), regions: regions,
            options: .init(contextLength: 128, threadCount: 1, cacheType: .float32, fusesOperations: fused))
        _ = try session.append(tokens)
        return session
    }

    private static func expectEqual(_ a: [Float], _ b: [Float], _ comment: Comment) {
        #expect(a.map(Double.init).distance(to: b.map(Double.init)) < 1e-4, comment)
    }

    @Test("both sequences' logits are those of two sessions", arguments: Oracle.variants, [true, false])
    func logits(variant: String, fused: Bool) throws {
        let example = try Case(variant)
        func session(_ tokens: [Int]) throws -> InferenceSession {
            try Self.session(variant, fused: fused, reading: tokens)
        }
        let (main, companion) = (try session(example.prompt), try session(example.other))
        let (alone, otherAlone) = (try session(example.prompt), try session(example.other))
        for (step, token) in example.completion.enumerated() {
            let both = try main.append(token, beside: companion)
            Self.expectEqual(both.logits, try alone.append([token]).logits, "step \(step)")
            Self.expectEqual(
                try #require(both.companion).logits, try otherAlone.append([token]).logits, "companion, step \(step)")
        }
        #expect(main.tokens == example.prompt + example.completion)
        #expect(companion.tokens == example.other + example.completion)
        // What the batch left in the caches serves each of them alone.
        Self.expectEqual(try main.append([1, 2]).logits, try alone.append([1, 2]).logits, "afterwards")
        Self.expectEqual(try companion.append([1, 2]).logits, try otherAlone.append([1, 2]).logits, "afterwards")
    }

    @Test("early layers speak of the first sequence's token", arguments: [true, false])
    func earlyLayers(fused: Bool) throws {
        let example = try Case("llama")
        let main = try Self.session("llama", fused: fused, reading: example.prompt)
        let alone = try Self.session("llama", fused: fused, reading: example.prompt)
        let companion = try Self.session("llama", fused: fused, reading: example.other)
        for session in [main, alone] { session.earlyLayers = [0, 1] }
        let (both, expected) = (try main.append(7, beside: companion), try alone.append([7]))
        #expect(both.earlyLogits.count == 2)
        for (a, b) in zip(both.earlyLogits, expected.earlyLogits) { Self.expectEqual(a, b, "early logits") }
    }

    @Test("a sequence may change its companion")
    func anotherCompanion() throws {
        let example = try Case("qwen2")
        let main = try Self.session("qwen2", reading: example.prompt)
        for other in [example.other, Array(example.prompt.prefix(3))] {
            let companion = try Self.session("qwen2", reading: other)
            let alone = try Self.session("qwen2", reading: other)
            Self.expectEqual(
                try #require(try main.append(7, beside: companion).companion).logits, try alone.append([7]).logits,
                "companion of \(other.count) tokens")
        }
    }

    @Test("regions are followed beside a companion as they are without one", arguments: [true, false])
    func regions(withTangents: Bool) throws {
        let (example, region) = (try Case("llama31"), LaneIdentityTests.span)
        let main = try Self.session("llama31", [region], reading: example.prompt)
        let alone = try Self.session("llama31", [region], reading: example.prompt)
        let companion = try Self.session("llama31", reading: example.other)
        let otherAlone = try Self.session("llama31", reading: example.other)
        for token in example.completion {
            let both = try main.append(token, beside: companion, withTangents: withTangents)
            let expected = try alone.append([token], withTangents: withTangents)
            Self.expectEqual(both.logits, expected.logits, "logits")
            Self.expectEqual(try #require(both.companion).logits, try otherAlone.append([token]).logits, "companion")
            #expect(both.tangents == expected.tangents)
        }
        #expect(try main.predictionWithTangents().tangents == alone.predictionWithTangents().tangents)
    }
}

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
            AttributionGuided(region: LaneIdentityTests.span, entropyThreshold: nil),
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
