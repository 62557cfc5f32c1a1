import Testing

@testable import LaneEngine
@testable import TestFixtures

@Suite("What must hold for lanes whatever the model")
struct LaneIdentityTests {
    static let everyVariant = Oracle.variants
    static let heads = RegionOfInterest(heads: [.init(layer: 0, head: 1): 1, .init(layer: 1, head: 0): -2])

    private func scores(
        _ model: LanguageModel, _ tokens: [Int], _ regions: [RegionOfInterest],
        _ options: InferenceSession.Options = Oracle.float32(fused: true)
    ) throws -> Prediction {
        try InferenceSession(model, regions: regions, options: options).append(tokens, output: .allScores)
    }

    @Test("tangent lanes leave the primal's logits as they are, bit for bit in float32", arguments: everyVariant)
    func primalIsUntouched(variant: String) throws {
        let oracle = try Oracle.load(variant)
        let model = try Oracle.model(variant)
        let alone = try InferenceSession(model, regions: [], options: Oracle.float32(fused: true)).append(
            oracle.prompt)
        let accompanied = try InferenceSession(
            model, regions: [Oracle.span, Self.heads], options: Oracle.float32(fused: true)
        )
        .append(oracle.prompt)
        #expect(alone.logits == accompanied.logits)
    }

    @Test("weights of zero give scores of zero")
    func zeroWeights() throws {
        let oracle = try Oracle.load("llama")
        let region = RegionOfInterest(tokens: [3: 0, 9: 0], heads: [.init(layer: 1, head: 2): 0], otherTokens: 0)
        let scores = try scores(Oracle.model("llama"), oracle.prompt, [region]).scores
        #expect(try #require(scores)[0].allSatisfy { $0 == 0 })
    }

    @Test(
        "scores are linear in the weights, for tokens and heads together", arguments: everyVariant,
        PropagationRule.all)
    func linearity(variant: String, rule: PropagationRule) throws {
        let oracle = try Oracle.load(variant)
        var options = Oracle.float32(fused: true)
        options.rule = rule
        let mixture = RegionOfInterest(
            tokens: Oracle.span.tokens.mapValues { -0.5 * $0 }, heads: Self.heads.heads.mapValues { 2 * $0 })
        let result = try scores(Oracle.model(variant), oracle.prompt, [Oracle.span, Self.heads, mixture], options)
        let all = try #require(result.scores).map { $0.map(Double.init) }
        let expected = zip(all[0], all[1]).map { -0.5 * $0 + 2 * $1 }
        let scale = max(all[0].largestMagnitude, all[1].largestMagnitude)
        #expect(all[2].distance(to: expected) < 1e-5 * scale)
    }

    @Test("a lane's scores don't depend on the lanes beside it")
    func lanesAreIndependent() throws {
        let oracle = try Oracle.load("qwen3")
        let model = try Oracle.model("qwen3")
        let together = try #require(try scores(model, oracle.prompt, [Oracle.span, Self.heads, .allTokens]).scores)
        for (index, region) in [Oracle.span, Self.heads, .allTokens].enumerated() {
            let alone = try #require(try scores(model, oracle.prompt, [region]).scores)[0].map(Double.init)
            #expect(alone.distance(to: together[index].map(Double.init)) < 1e-5 * alone.largestMagnitude)
        }
    }

    @Test("candidates' scores from single rows are those of the whole output matrix")
    func rowsAgreeWithMatrix() throws {
        let oracle = try Oracle.load("llama31")
        let session = try InferenceSession(
            Oracle.model("llama31"), regions: [Oracle.span], options: Oracle.float32(fused: true))
        let prediction = try session.append(oracle.prompt, output: .allScores)
        let whole = try #require(prediction.scores)[0].map(Double.init)
        let single = session.relevance(of: Array(whole.indices), prediction)[0]
        #expect(single.distance(to: whole) < 1e-5 * whole.largestMagnitude)
    }

    @Test("token by token, in chunks or at once: the same scores", arguments: everyVariant)
    func chunksAgree(variant: String) throws {
        let oracle = try Oracle.load(variant)
        let model = try Oracle.model(variant)
        let once = try scores(model, oracle.prompt, [Oracle.span, Self.heads])
        let session = try InferenceSession(
            model, regions: [Oracle.span, Self.heads], options: Oracle.float32(fused: true))
        for token in oracle.prompt.dropLast() { _ = try session.append([token]) }
        let stepwise = try session.append([oracle.prompt[oracle.prompt.count - 1]], output: .allScores)
        for (a, b) in zip(try #require(once.scores), try #require(stepwise.scores)) {
            let (a, b) = (a.map(Double.init), b.map(Double.init))
            #expect(a.distance(to: b) < 1e-4 * a.largestMagnitude)
        }
    }

    @Test("tangents that are caught up later are those computed with each step", arguments: everyVariant)
    func deferredTangentsAgree(variant: String) throws {
        let oracle = try Oracle.load(variant)
        let model = try Oracle.model(variant)
        let (head, tail) = (Array(oracle.prompt.prefix(20)), Array(oracle.prompt.dropFirst(20)))
        let eager = try InferenceSession(
            model, regions: [Oracle.span, .allTokens], options: Oracle.float32(fused: true))
        let deferred = try InferenceSession(
            model, regions: [Oracle.span, .allTokens], options: Oracle.float32(fused: true))
        _ = try eager.append(head)
        _ = try deferred.append(head)
        for token in tail {
            _ = try eager.append([token])
            #expect(try deferred.append([token], withTangents: false).tangents.isEmpty)
        }
        let tokens = Array(0..<50)
        let expected = eager.relevance(of: tokens, try eager.predictionWithTangents())
        let caughtUp = deferred.relevance(of: tokens, try deferred.predictionWithTangents())
        for (a, b) in zip(expected, caughtUp) { #expect(a.distance(to: b) < 1e-4 * a.largestMagnitude) }
    }

    @Test("a session that takes on another prompt and region gives what a fresh one gives")
    func reuseAgrees() throws {
        let oracle = try Oracle.load("gemma3")
        let model = try Oracle.model("gemma3")
        let session = try InferenceSession(model, regions: [Oracle.span], options: Oracle.float32(fused: true))
        _ = try session.append(oracle.prompt)
        // Another end and another region: the late one must not see tangents that the early one left behind.
        let late = RegionOfInterest(tokens: [30: 1, 31: -1])
        let prompt = Array(oracle.prompt.prefix(25)) + Array(oracle.prompt.prefix(12))
        for region in [late, Oracle.span, late] {
            #expect(session.adopt([region], rule: .attnLRP, tokens: prompt))
            let reused = try session.append(Array(prompt[session.tokens.count...]), output: .allScores)
            let fresh = try scores(model, prompt, [region])
            #expect(reused.logits.map(Double.init).distance(to: fresh.logits.map(Double.init)) < 1e-4)
            let (a, b) = (
                try #require(reused.scores)[0].map(Double.init), try #require(fresh.scores)[0].map(Double.init)
            )
            #expect(a.distance(to: b) < 1e-4 * max(b.largestMagnitude, 1e-3))
        }
    }
}
