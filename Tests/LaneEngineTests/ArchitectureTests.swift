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
        #expect(report.logitErrors.allSatisfy { $0 < ArchitectureReport.tolerance }, "\(report.logitErrors)")
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
