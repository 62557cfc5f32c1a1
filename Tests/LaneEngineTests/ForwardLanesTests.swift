import Testing

@testable import LaneEngine
@testable import TestFixtures

@Suite("Forward lanes agree with HuggingFace and LXT")
struct ForwardLanesTests {
    @Test("logits at the last position", arguments: Oracle.variants, [true, false])
    func logits(variant: String, fused: Bool) throws {
        let oracle = try Oracle.load(variant)
        let session = try InferenceSession(Oracle.model(variant), regions: [], options: Oracle.float32(fused: fused))
        let prediction = try session.append(oracle.prompt)
        #expect(prediction.logits.map(Double.init).distance(to: oracle.logits) < 1e-3)
    }

    @Test(
        "the score of every token of the vocabulary, for each kind of region and each rule",
        arguments: Oracle.variants.flatMap { [($0, true), ($0, false)] }, ["attnlrp", "cp_lrp", "ixg"])
    func scores(variant: (name: String, fused: Bool), ruleName: String) throws {
        let oracle = try Oracle.load(variant.name)
        let rule = try #require(oracle.rules[ruleName])
        var options = Oracle.float32(fused: variant.fused)
        options.rule = try Oracle.rule(ruleName)
        let scale = rule.relevance.joined().map { abs($0) }.max() ?? 0
        let regions = try ["span", "set", "weighted", "heads"].map { try oracle.region($0) }
        let session = try InferenceSession(Oracle.model(variant.name), regions: regions, options: options)

        let prediction = try session.append(oracle.prompt, output: .allScores)

        let scores = try #require(prediction.scores).map { $0.map(Double.init) }
        let headScale = max(scale, rule.roiSums.heads.largestMagnitude)
        #expect(scores[0].distance(to: rule.roiSpanAllVocab) < 1e-4 * scale)
        #expect(oracle.targets.map { scores[0][$0] }.distance(to: rule.roiSums.span) < 1e-4 * scale)
        #expect(oracle.targets.map { scores[1][$0] }.distance(to: rule.roiSums.set) < 1e-4 * scale)
        #expect(oracle.targets.map { scores[2][$0] }.distance(to: rule.roiSums.weighted) < 1e-4 * scale)
        #expect(oracle.targets.map { scores[3][$0] }.distance(to: rule.roiSums.heads) < 1e-4 * headScale)
    }
}
