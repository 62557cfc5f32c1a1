import Foundation
import TensorGraph
import Testing

@testable import AttributionGuidedDecoding
@testable import LaneEngine
@testable import TestFixtures

/// On graphics processors and servers, where there are any.
@Suite(
    "Devices compute what the CPU computes", .enabled(if: !Placement.all.isEmpty, Comment(rawValue: Placement.absence)),
    .serialized)
struct DeviceTests {
    @Test("every step of whole decodes", arguments: Placement.exact, OracleTraceTests.traces)
    func traces(placement: Placement, name: String) async throws {
        for variant in ["llama31", "gemma3", "qwen3_moe"] {
            try await placement.withModel(of: variant) { model in
                try await OracleTraceTests.follow(name, of: variant, on: model, tolerance: placement.tolerance)
            }
        }
    }

    @Test(
        "the score of every token for each kind of region: a span, sets, weights, heads",
        arguments: Placement.all, ["attnlrp", "cp_lrp", "ixg"])
    func scores(placement: Placement, ruleName: String) async throws {
        for variant in Oracle.variants {
            let oracle = try Oracle.load(variant)
            let rule = try #require(oracle.rules[ruleName])
            let regions = try ["span", "set", "weighted", "heads"].map { try oracle.region($0) }
            var options = Oracle.float32
            options.rule = try Oracle.rule(ruleName)
            let prediction = try await placement.withModel(of: variant) { model in
                try InferenceSession(model, regions: regions, options: options).append(
                    oracle.prompt, output: .allScores)
            }

            let scores = try #require(prediction.scores).map { $0.map(Double.init) }
            #expect(
                prediction.logits.map(Double.init).distance(to: oracle.logits) < 10 * placement.tolerance, "\(variant)")
            #expect(scores[0].distance(to: rule.roiSpanAllVocab) < placement.tolerance * rule.scale, "\(variant)")
            let sums = [rule.roiSums.span, rule.roiSums.set, rule.roiSums.weighted, rule.roiSums.heads]
            for (score, expected) in zip(scores, sums) {
                let scale = max(rule.scale, expected.largestMagnitude)
                #expect(
                    oracle.targets.map { score[$0] }.distance(to: expected) < placement.tolerance * scale, "\(variant)")
            }
        }
    }

    @Test(
        "the relevance of every token and head by reverse mode, which stays on the CPU", arguments: Placement.all,
        ["attnlrp", "cp_lrp", "ixg"])
    func reverse(placement: Placement, ruleName: String) async throws {
        for variant in Oracle.variants {
            let oracle = try Oracle.load(variant)
            let rule = try #require(oracle.rules[ruleName])
            let attributions = try await placement.withModel(of: variant) { model in
                try ReverseAttribution(model, tokens: oracle.prompt, options: Oracle.reverseOptions)
                    .attribute(oracle.finalTargets, rule: Oracle.rule(ruleName))
            }

            for (attribution, expected) in zip(attributions, rule.relevance) {
                #expect(attribution.tokens.distance(to: expected) < placement.tolerance * rule.scale, "\(variant)")
            }
            let heads = rule.heads.allPositions.flatMap { $0 }
            let found = try #require(attributions.first { $0.target.token == rule.heads.target }).heads
            #expect(
                found.flatMap(\.allPositions).distance(to: heads) < placement.tolerance * heads.largestMagnitude,
                "\(variant)")
        }
    }

    static let cacheTypes: [(CacheStorage, Double)] = [
        (.float32, 1e-3), (.float16, 1e-2), (.init(keys: .bfloat16, values: .bfloat16), 5e-2),
        (.init(keys: .quantised8, values: .quantised8), 5e-2), (.init(keys: .quantised4, values: .quantised4), 0.4),
    ]

    @Test("keys and values of every type, at once and token by token", arguments: Placement.all, cacheTypes)
    func caches(placement: Placement, type: (storage: CacheStorage, tolerance: Double)) async throws {
        let prompt = (0..<90).map { ($0 * 37 + $0 * $0 * 11 + 5) % 512 }
        func lanes(_ model: LanguageModel, _ storage: CacheStorage, stepwise: Bool = false) throws -> [[Double]] {
            let session = try InferenceSession(
                model, regions: [Oracle.span, .allTokens],
                options: .init(contextLength: 128, threadCount: 1, cacheType: storage))
            if stepwise { for token in prompt.prefix(40) { _ = try session.append([token]) } }
            let prediction = try session.append(Array(prompt[session.tokens.count...]), output: .allScores)
            return ([prediction.logits] + (prediction.scores ?? [])).map { $0.map(Double.init) }
        }
        let exact = try lanes(LanguageModel(path: Repository.model), .float32)
        try await placement.withModel(Repository.model) { model in
            for stepwise in [false, true] {
                for (found, expected) in zip(try lanes(model, type.storage, stepwise: stepwise), exact) {
                    #expect(
                        found.distance(to: expected) < max(type.tolerance, placement.tolerance)
                            * expected.largestMagnitude)
                }
            }
        }
    }

    @Test("a second prompt beside the first (CAD), and early layers (DoLa)", arguments: Placement.exact)
    func companions(placement: Placement) async throws {
        for variant in ContrastOracle.variants {
            let oracle = try ContrastOracle.load(variant)
            try await placement.withModel(of: variant) { model in
                func decode(_ strategy: any DecodingStrategy, count: Int) async throws -> [Int] {
                    let generation = try model.generate(
                        model.prompt(tokens: oracle.prompt), strategy: strategy,
                        limits: GenerationLimits(maximumTokens: count, ignoresEndOfGeneration: true),
                        options: Session.Options(contextLength: 128, threadCount: 1, cacheType: .float32))
                    return try await generation.reduce(into: []) { $0.append($1.token) }
                }
                for reference in oracle.cad {
                    let strategy = ContextAware(
                        without: try model.prompt(tokens: reference.without), alpha: reference.alpha)
                    #expect(try await decode(strategy, count: reference.tokens.count) == reference.tokens)
                }
                for reference in oracle.dola where reference.layers == "low" {
                    let strategy = try LayerContrast(
                        model, layers: .low, repetitionPenalty: reference.repetitionPenalty)
                    #expect(try await decode(strategy, count: reference.tokens.count) == reference.tokens)
                }
            }
        }
    }

    @Test(
        "neurons and directions as regions, and sequences of different lengths in one batch", arguments: Placement.all)
    func batch(placement: Placement) async throws {
        let oracle = try Oracle.load("gemma3")
        let prompts = [Array(oracle.prompt.prefix(7)), oracle.prompt, Array(oracle.prompt.dropFirst(3))]
        func predictions(_ model: LanguageModel) throws -> [[Double]] {
            let direction = (0..<model.configuration.embeddingLength).map { Float($0 % 7) - 2 }
            let inside = RegionOfInterest(
                neurons: [.init(layer: 1, index: 3): 2, .init(layer: 0, index: 8): -1],
                directions: [.init(layer: 0, vector: direction): 1])
            let evaluator = try BatchEvaluator(model, threadCount: 1)
            let sessions = try zip(prompts, [[], [Oracle.span, inside], [inside]]).map { prompt, regions in
                let session = try InferenceSession(
                    model, regions: regions, options: Oracle.float32, evaluator: evaluator)
                session.beginReading(prompt, output: .allScores, withTangents: true)
                return session
            }
            return try evaluator.read(sessions).flatMap { $0 }.flatMap { [$0.logits] + ($0.scores ?? []) }
                .map { $0.map(Double.init) }
        }
        let expected = try predictions(Oracle.model("gemma3"))
        let found = try await placement.withModel(of: "gemma3", predictions)
        #expect(found.count == expected.count)
        for (found, expected) in zip(found, expected) {
            #expect(found.distance(to: expected) < placement.tolerance * max(1, expected.largestMagnitude))
        }
    }

    @Test("what lies where is told, and whether something is left to the CPU", arguments: Placement.all)
    func report(placement: Placement) async throws {
        let report = try await placement.withModel(of: "llama") { try DeviceReport($0, threadCount: 1) }
        #expect(report.devices.flatMap { $0.layers ?? [] }.sorted() == [0, 1, 2, 3])
        #expect(report.devices.dropLast().allSatisfy { ($0.guidedOperationCount ?? 0) > 20 || $0.layers == [] })
        if placement.layers == 99 { #expect(report.devices.last?.layers == []) }
        #expect(report.devices.allSatisfy { $0.missingOperations?.isEmpty ?? true })
    }
}
