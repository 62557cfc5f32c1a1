import Testing

@testable import AttributionGuidedDecoding
@testable import LaneEngine
@testable import TestFixtures

@Suite("Whole decodes agree with HuggingFace and LXT")
struct OracleTraceTests {
    static let traces = [
        "greedy", "agd_span", "agd_span_gated", "agd_weighted", "agd_heads", "agd_span_cp_lrp", "agd_span_ixg",
    ]

    @Test("every step of 24 tokens: entropy, gate, candidates, scores, choice", arguments: Oracle.variants, traces)
    func trace(variant: String, name: String) async throws {
        try await Self.follow(name, of: variant, on: Oracle.model(variant), tolerance: 1e-4)
    }

    /// Decodes as a trace was decoded, and compares.
    /// - Parameter tolerance: of scores, as a share of the step's largest relevance.
    static func follow(_ name: String, of variant: String, on model: LanguageModel, tolerance: Double) async throws {
        let oracle = try Oracle.load(variant)
        let trace = try #require(oracle.traces[name])
        let generation = try model.generate(
            model.prompt(tokens: trace.prompt), strategy: strategy(for: trace, in: oracle),
            limits: GenerationLimits(maximumTokens: trace.tokens.count, ignoresEndOfGeneration: true),
            options: Session.Options(contextLength: 128, threadCount: 1, cacheType: .float32))

        var steps: [GenerationStep] = []
        for try await step in generation { steps.append(step) }

        #expect(steps.map(\.token) == trace.tokens)
        #expect(steps.last?.stopReason == .maximumTokens)
        for (step, expected) in zip(steps, trace.steps) {
            #expect(step.position == expected.nContext)
            #expect(abs(step.entropy - expected.entropy) < 1e-3)
            #expect(step.greedy == expected.greedy)
            #expect(step.choice.guided == (expected.scale != nil))
            let candidates = Dictionary(uniqueKeysWithValues: step.choice.candidates.map { ($0.id, $0) })
            #expect(Set(candidates.keys) == Set(expected.candidates.map(\.id)))
            for reference in expected.candidates {
                let candidate = try #require(candidates[reference.id])
                #expect(abs(candidate.probability - reference.prob) < 1e-4)
                if let scale = expected.scale {
                    let (score, expectedScore) = (try #require(candidate.score), try #require(reference.score))
                    #expect(abs(score - expectedScore) < tolerance * scale)
                }
            }
        }
    }

    @Test("candidate sets of prefixes of the prompt", arguments: Oracle.variants)
    func candidates(variant: String) throws {
        let oracle = try Oracle.load(variant)
        let model = try Oracle.model(variant)
        for expected in oracle.candidateCases {
            let session = try InferenceSession(model, regions: [], options: Oracle.float32(fused: true))
            let prediction = try session.append(Array(oracle.prompt.prefix(expected.nContext)))
            let distribution = Distribution(logits: prediction.logits, probabilities: prediction.probabilities)
            #expect(abs(distribution.entropy - expected.entropy) < 1e-3)
            #expect(distribution.mostProbable(5) == expected.top5Ids)
            #expect(distribution.candidates(count: 5, minimumProbability: 0.05).count == expected.nCandidates)
        }
    }

    private static func strategy(for trace: Oracle.Trace, in oracle: Oracle) throws -> any DecodingStrategy {
        guard let roi = trace.roi, let rule = trace.rule else { return Greedy() }
        return AttributionGuided(
            region: try oracle.region(roi), rule: try Oracle.rule(rule), entropyThreshold: trace.tau)
    }
}
