import Foundation
import Testing

@testable import AttributionGuidedDecoding
@testable import TestFixtures

@Suite("Constraints act on logits before any strategy looks at them")
struct ConstraintTests {
    private static let logits: [Float] = [2, 1, 0.5, -1]

    private static func logits(_ constraints: DecodingConstraints, after tokens: [Int] = []) throws -> [Float] {
        var state = try ConstraintState(constraints, tokenizer: nil)
        for token in tokens { state.append(token) }
        let weights = logits.map { exp($0) }
        let sum = weights.reduce(0, +)
        return try state.applied(to: Distribution(logits: logits, probabilities: weights.map { $0 / sum })).logits
    }

    @Test("A bias is added to the logit of its token, whatever was said")
    func bias() throws {
        #expect(try Self.logits(.init(logitBias: [1: 3, 3: -100]), after: [1, 1]) == [2, 4, 0.5, -101])
    }

    @Test("The presence penalty is taken once from what was said, the frequency penalty each time")
    func penalties() throws {
        let said = [0, 2, 0]
        #expect(try Self.logits(.init(presencePenalty: 0.5), after: said) == [1.5, 1, 0, -1])
        #expect(try Self.logits(.init(frequencyPenalty: 0.5), after: said) == [1, 1, 0, -1])
        #expect(
            try Self.logits(.init(logitBias: [0: 1], presencePenalty: 0.5, frequencyPenalty: 0.25), after: said)
                == [2, 1, -0.25, -1])
        #expect(try Self.logits(.init(presencePenalty: 0.5, frequencyPenalty: 2)) == Self.logits)
    }

    @Test("Probabilities and entropy are of what is left")
    func probabilities() throws {
        let weights = Self.logits.map { exp($0) }
        let sum = weights.reduce(0, +)
        let distribution = Distribution(logits: Self.logits, probabilities: weights.map { $0 / sum })
        let left = try ConstraintState(.init(logitBias: [2: 1.5]), tokenizer: nil).applied(to: distribution)
        #expect(abs(left.probabilities.reduce(0, +) - 1) < 1e-6)
        #expect(abs(left.probabilities[0] - left.probabilities[2]) < 1e-6)
        #expect(left.entropy > distribution.entropy)
    }

    @Test(
        "Every strategy obeys: a forced token is all that is said, a forbidden one never is",
        arguments: ["agd", "greedy"])
    func strategies(name: String) async throws {
        let model = try LanguageModel(path: Repository.model)
        let prompt = try model.prompt([.system("Reply in English, please."), .user("What do you know about Inga?")])
        let strategy: any DecodingStrategy =
            name == "greedy" ? Greedy() : AttributionGuided(region: try prompt.region("system"), entropyThreshold: nil)
        func tokens(_ constraints: DecodingConstraints) async throws -> [Int] {
            let generation = try model.generate(
                prompt, strategy: strategy, limits: .init(maximumTokens: 8), constraints: constraints)
            var tokens: [Int] = []
            for try await step in generation { tokens.append(step.token) }
            return tokens
        }
        let free = try await tokens(.init())
        let first = try #require(free.first)
        #expect(try await tokens(.init(logitBias: [first: 100])) == Array(repeating: first, count: 8))
        #expect(try await !tokens(.init(logitBias: [first: -100])).contains(first))
        let varied = try await tokens(.init(presencePenalty: 100))
        #expect(Set(varied).count == varied.count)
    }

    @Test("Before the minimum is reached the model can't end its answer")
    func minimum() async throws {
        let model = try LanguageModel(path: Repository.model)
        let prompt = try model.prompt([.user("What do you know about Inga?")])
        func count(_ minimum: Int) async throws -> Int {
            let generation = try model.generate(
                prompt, strategy: Greedy(), limits: .init(maximumTokens: 60), constraints: .init(minimumTokens: minimum)
            )
            var count = 0
            for try await _ in generation { count += 1 }
            return count
        }
        let free = try await count(0)
        try #require(free < 40)
        // The end is a step of its own.
        #expect(try await count(free - 1) == free)
        #expect(try await count(free + 10) >= free + 10)
    }

    @Test("A token that isn't there, or a number that isn't finite, is told before anything is computed")
    func refused() throws {
        let model = try LanguageModel(path: Repository.model)
        let prompt = try model.prompt(text: "The cat")
        for constraints in [
            DecodingConstraints(logitBias: [1 << 30: 1]), .init(logitBias: [-1: 1]), .init(presencePenalty: .nan),
            .init(logitBias: [1: .infinity]),
        ] {
            #expect(throws: GenerationError.self) {
                try model.generate(prompt, strategy: Greedy(), constraints: constraints)
            }
        }
    }
}
