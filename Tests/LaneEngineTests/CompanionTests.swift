import Testing

@testable import LaneEngine
@testable import TestFixtures

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
        let (example, region) = (try Case("llama31"), Oracle.span)
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
