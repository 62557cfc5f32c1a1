import Testing

@testable import AttributionGuidedDecoding
@testable import LaneEngine
@testable import TestFixtures

@Suite("Relevance is linear in a region's weights, however large or small they are")
struct RegionWeightTests {
    @Test(
        "A factor on all weights is a factor on the relevance, to the last digit",
        arguments: [0x1p-30, 0x1p-12, 0x1p3, 0x1p10, 0x1p19], [Session.CacheType.float16, .bfloat16, .float32])
    func scaling(factor: Double, cacheType: Session.CacheType) async throws {
        let (oracle, model) = (try Oracle.load("llama"), try Oracle.model("llama"))
        let prompt = try model.prompt(tokens: oracle.prompt)
        func scores(_ factor: Double) async throws -> [Double] {
            let region = RegionOfInterest(
                tokens: [1: factor, 2: -0.5 * factor], heads: [.init(layer: 1, head: 0): factor])
            let session = try Session(model, options: .init(contextLength: 64, threadCount: 1, cacheType: cacheType))
            return try await session.attribution(of: [3, 4, 5], after: prompt, region: region).map(\.regionScore)
        }
        #expect(try await scores(factor) == scores(1).map { $0 * factor })
    }

    @Test("Usual weights are carried as they are, so that regions share what a cache holds of them")
    func usualWeights() {
        for weight in [0.25, 1, -1, 2.5, 16] {
            let region = RegionOfInterest(tokens: [0: weight])
            #expect(region.normalised.region == region && region.normalised.scale == 1)
        }
        #expect(RegionOfInterest(tokens: [0: 0]).normalised.scale == 1)
    }

    @Test(
        "Weights that add up to more than a million, or to no number, are an error of the region",
        arguments: [2e6, -2e6, .infinity, .nan])
    func outOfRange(weight: Double) throws {
        let model = try Oracle.model("llama")
        for region in [
            RegionOfInterest(tokens: [0: weight]), RegionOfInterest(heads: [.init(layer: 0, head: 0): weight]),
            RegionOfInterest(otherTokens: weight),
        ] {
            #expect(throws: RegionError.self) { try region.validate(for: model, promptLength: 4) }
        }
    }

    @Test("Ranges that overlap count once in a region, and add up between regions")
    func union() throws {
        let model = try Oracle.model("llama")
        let prompt = try model.prompt(tokens: [1, 2, 3, 4, 5, 6])
        let region = try prompt.region("tokens:0..<3,1..<4,2,2", "tokens:3..<5=2")
        #expect(region.tokens == [0: 1, 1: 1, 2: 1, 3: 3, 4: 2])
    }
}
