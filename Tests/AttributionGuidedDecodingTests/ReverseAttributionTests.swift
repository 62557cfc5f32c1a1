import Testing

@testable import AttributionGuidedDecoding

@Suite("Reverse mode agrees with HuggingFace and LXT")
struct ReverseAttributionTests {
    static let rules = ["attnlrp", "cp_lrp", "ixg"]

    @Test("the relevance of every token for every target, all targets at once", arguments: Oracle.variants, rules)
    func tokens(variant: String, ruleName: String) throws {
        let oracle = try Oracle.load(variant)
        let rule = try #require(oracle.rules[ruleName])
        let reading = try ReverseAttribution(Oracle.model(variant), tokens: oracle.prompt)

        let attributions = try reading.attribute(oracle.finalTargets, rule: Oracle.rule(ruleName))

        let scale = rule.relevance.joined().map { abs($0) }.max() ?? 0
        for (attribution, expected) in zip(attributions, rule.relevance) {
            #expect(attribution.tokens.distance(to: expected) < 1e-4 * scale)
            #expect(abs(attribution.logit - oracle.logits[attribution.target.token]) < 1e-3)
        }
    }

    @Test("the relevance of every attention head", arguments: Oracle.variants, rules)
    func heads(variant: String, ruleName: String) throws {
        let oracle = try Oracle.load(variant)
        let expected = try #require(oracle.rules[ruleName]).heads
        let reading = try ReverseAttribution(Oracle.model(variant), tokens: oracle.prompt)
        let target = AttributionTarget(token: expected.target, position: oracle.prompt.count - 1)

        let attribution = try reading.attribute([target], rule: Oracle.rule(ruleName))[0]

        for (heads, (all, last)) in zip(attribution.heads, zip(expected.allPositions, expected.lastPosition)) {
            let scale = expected.allPositions.joined().map { abs($0) }.max() ?? 0
            let lastScale = expected.lastPosition.joined().map { abs($0) }.max() ?? 0
            #expect(heads.allPositions.distance(to: all) < 1e-4 * scale)
            #expect(heads.lastPosition.distance(to: last) < 1e-4 * lastScale)
            #expect(zip(heads.positive, heads.allPositions).allSatisfy { $0 >= $1 - 1e-6 * scale && $0 >= 0 })
        }
    }
}

extension Oracle {
    /// The oracle's targets, predicted after the whole prompt.
    var finalTargets: [AttributionTarget] { targets.map { AttributionTarget(token: $0, position: prompt.count - 1) } }
}
