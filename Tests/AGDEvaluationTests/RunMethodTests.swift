import AttributionGuidedDecoding
import Foundation
import Testing

@testable import AGDEvaluation

@Suite("What a run file says of its method is the method")
struct RunMethodTests {
    private static let decoder = {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return decoder
    }()

    private static func method(
        _ decoding: DecodingMethod, side: RunMethod.Side = .region, regions: [String] = []
    ) throws -> RunMethod {
        var method = RunMethod(decoding)
        method.side = side
        method.regions = try regions.map { (text) throws(RegionError) in try RegionSpecification(text) }
        return method
    }

    @Test("Files written before methods were values are read and resumed as what they were")
    func older() throws {
        // As agd eval wrote them: every setting of every method.
        func header(_ strategy: String, _ more: String = "", side: String = "region", regions: String = "") -> String {
            "{\"alpha\":1,\"candidates\":5,\"dola_layers\":\"high\",\(more)\"lambda\":1,\"minimum_probability\":0.05,"
                + "\"regions\":[\(regions)],\"repetition_penalty\":1,\"rule\":\"attnlrp\",\"score\":\"excess\",\"seed\":0,"
                + "\"side\":\"\(side)\",\"strategy\":\"\(strategy)\"}"
        }
        let written: [(String, RunMethod)] = [
            (header("greedy"), try Self.method(.greedy)),
            (
                header("agd", side: "opposite"),
                try Self.method(.guided(.init(Guidance(score: .excess, entropyThreshold: nil))), side: .opposite)
            ),
            (
                header("agd", "\"entropy_threshold\":1.734,", regions: "\"heads:0.1\",\"heads:@file.json=-1\""),
                try Self.method(
                    .guided(.init(Guidance(score: .excess))), regions: ["heads:0.1", "heads:@file.json=-1"])
            ),
            (header("sample"), try Self.method(.sample(Sampling.Options()))),
            (header("cad"), try Self.method(.contextAware(.init()))),
            (header("region-prompt"), try Self.method(.regionPrompt)),
        ]
        for (text, method) in written {
            #expect(try Self.decoder.decode(RunMethod.self, from: Data(text.utf8)) == method)
        }
    }

    @Test("A method comes back from its own line as it was")
    func coding() throws {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        for kind in DecodingMethod.kinds {
            let method = try Self.method(kind.standard, side: .opposite, regions: ["text:\"\\beta\"=-0.5", "regex:a+"])
            #expect(try Self.decoder.decode(RunMethod.self, from: encoder.encode(method)) == method)
        }
    }

    @Test("Labels say what differs from the standard")
    func labels() throws {
        #expect(try Self.method(.greedy).label == "greedy")
        #expect(
            try Self.method(.guided(.init(Guidance(score: .excess, entropyThreshold: 1.2))), side: .opposite).label
                == "agd excess, tau 1.2, opposite region")
        let narrow = AttributionGuided.Settings(
            Guidance(rule: .cpLRP, entropyThreshold: nil),
            candidates: CandidateRule(count: 3, minimumProbability: 0.01))
        #expect(
            try Self.method(.guided(narrow), regions: ["heads:0.1"]).label == "agd sum, cp-lrp, k 3, p 0.01, heads:0.1")
        #expect(
            try Self.method(.layerContrast(.init(layers: .layers([0, 2]), repetitionPenalty: 1.2))).label
                == "dola, layers 0,2, repetition penalty 1.2")
    }
}
