import Testing

@testable import AttributionGuidedDecoding

@Suite("Forward lanes agree with HuggingFace and LXT")
struct ForwardLanesTests {
    static let float32 = InferenceSession.Options(contextLength: 128, threadCount: 1, cacheType: .float32)

    @Test("logits at the last position", arguments: Oracle.variants)
    func logits(variant: String) throws {
        let oracle = try Oracle.load(variant)
        let session = try InferenceSession(Oracle.model(variant), regions: [], options: Self.float32)
        let prediction = try session.append(oracle.prompt)
        #expect(prediction.logits.map(Double.init).distance(to: oracle.logits) < 1e-3)
    }

    @Test(
        "the score of every token of the vocabulary, for each kind of region and each rule",
        arguments: Oracle.variants, ["attnlrp", "cp_lrp", "ixg"])
    func scores(variant: String, ruleName: String) throws {
        let oracle = try Oracle.load(variant)
        let rule = try #require(oracle.rules[ruleName])
        var options = Self.float32
        options.rule = try Oracle.rule(ruleName)
        let scale = rule.relevance.joined().map { abs($0) }.max() ?? 0
        let regions = try ["span", "set", "weighted", "heads"].map { try oracle.region($0) }
        let session = try InferenceSession(Oracle.model(variant), regions: regions, options: options)

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
