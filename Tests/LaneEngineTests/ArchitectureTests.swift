import Foundation
import Testing

@testable import LaneEngine
@testable import TestFixtures

/// Small random models of each family, written by llama.cpp (`Architectures/README.md`): what libllama computes is the truth
/// for the logits, each mode is the truth for the other.
@Suite("Every architecture computes what libllama does, and sends relevance both ways alike")
struct ArchitectureTests {
    static var files: [String] {
        get throws {
            try Self.models(in: Oracle.directory.deletingLastPathComponent().appending(path: "Architectures"))
        }
    }

    static func models(in folder: URL) throws -> [String] {
        try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
            .filter { $0.pathExtension == "gguf" }.map(\.path).sorted()
    }

    @Test("a small model of each family", arguments: try files)
    func family(path: String) throws {
        let report = try ArchitectureReport(path)
        #expect(report.refusal == nil)
        #expect(report.agreesOnTokens)
        #expect(report.logitErrors.allSatisfy { $0 < report.tolerance }, "\(report.logitErrors)")
        for (rule, error) in report.adjointErrors { #expect(error < 1e-4, "\(rule)") }
    }

    @Test("each family that is supported has such a model")
    func coverage() throws {
        let covered = try Set(Self.files.map { try LanguageModel.open(path: $0).1.architecture })
        #expect(Set(Architecture.all.map(\.name)).subtracting(covered) == [])
    }

    @Test("greedy decoding continues as libllama's does", arguments: try files)
    func greedy(path: String) throws {
        let prompt = [5, 17, 3, 44, 21, 9]
        let expected = try LlamaReference.greedyTokens(model: path, after: prompt, count: 12)
        var options = Oracle.float32(fused: true)
        options.contextLength = LlamaReference.contextLength
        let session = try InferenceSession(LanguageModel(path: path), regions: [], options: options)
        var tokens: [Int] = []
        var prediction = try session.append(prompt)
        while tokens.count < expected.count {
            let best = prediction.distribution.mostProbable(1)[0]
            tokens.append(best)
            if tokens.count < expected.count { prediction = try session.append([best]) }
        }
        #expect(tokens == expected)
    }

    private static func model(_ name: String) throws -> LanguageModel {
        try LanguageModel(
            path: Oracle.directory.deletingLastPathComponent().appending(path: "Architectures/\(name).gguf").path)
    }

    @Test("Llama 4 attends in chunks: contexts beyond the first are refused, and its own length says so")
    func chunkedAttention() throws {
        let model = try Self.model("llama4-moe")
        #expect(model.configuration.contextLength <= 8192)
        var options = Oracle.float32
        options.contextLength = 8193
        #expect(throws: InferenceError.contextTooLong(length: 8193, limit: 8192, architecture: "llama4")) {
            try InferenceSession(model, regions: [], options: options)
        }
    }

    @Test(
        "what differs from plain layers is said",
        arguments: [
            ("llama-dense", []), ("deepseek2-moe", ["latent attention"]),
            ("deci-dense", ["without attention", "a matrix in place of attention", "layers differ"]),
            ("gemma4-dense", ["layers differ"]),
            ("gemma4-e-dense", ["layers differ", "embeddings of 8 elements for each layer", "3 layers with the keys"]),
            ("smollm3-dense", []),
        ])
    func remarks(name: String, parts: [String]) throws {
        let remarks = try Self.model(name).configuration.remarks
        #expect(remarks.count == parts.count, "\(remarks)")
        for (remark, part) in zip(remarks, parts) { #expect(remark.contains(part)) }
    }

    @Test("heads that a layer doesn't have belong to no region, and have no relevance")
    func absentHeads() throws {
        let model = try Self.model("openelm-dense")
        #expect(model.configuration.attention.map(\.headCount) == [2, 4])
        let reading = try ReverseAttribution(model, tokens: [5, 17, 3], options: .init(threadCount: 1))
        let heads = try reading.attribute([.init(token: 9, position: 2)])[0].heads
        #expect(heads.map(\.allPositions.count) == [4, 4])
        #expect(heads[0].allPositions.suffix(2) == [0, 0])
        let region = RegionOfInterest(heads: [.init(layer: 1, head: 3): 1])
        let session = try InferenceSession(model, regions: [region], options: Oracle.float32)
        let score = session.relevance(of: [9], try session.append([5, 17, 3]))[0][0]
        #expect(abs(score - heads[1].allPositions[3]) < 1e-4 * max(1, abs(score)))
    }

    /// `AGD_ARCHITECTURES=FOLDER` names the folder, `AGD_ARCHITECTURE_TABLE=FILE` where the table goes.
    @Test(
        "all files of a folder are computed as libllama does, or refused",
        .enabled(if: ProcessInfo.processInfo.environment["AGD_ARCHITECTURES"] != nil, "AGD_ARCHITECTURES is not set"))
    func folder() throws {
        let environment = ProcessInfo.processInfo.environment
        let reports = try Self.models(in: URL(filePath: environment["AGD_ARCHITECTURES"] ?? ""))
            .map { try ArchitectureReport($0) }
        for report in reports { #expect(report.refusal != nil || report.passes, "\(report)") }
        let table = ArchitectureReport.table(reports)
        if let path = environment["AGD_ARCHITECTURE_TABLE"] {
            try table.write(to: URL(filePath: path), atomically: true, encoding: .utf8)
        } else {
            print(table)
        }
    }
}
