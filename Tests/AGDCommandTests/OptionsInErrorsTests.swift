import AGDEvaluation
import AGDInsight
import AttributionGuidedDecoding
import Foundation
import Testing

@testable import agd

@Suite("Only the command line knows its options")
struct OptionsInErrorsTests {
    static let libraries = ["TensorGraph", "LaneEngine", "AttributionGuidedDecoding", "AGDInsight", "AGDEvaluation"]

    @Test("No text in a library names one", arguments: libraries)
    func namesNone(name: String) throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Sources/\(name)")
        let files = try FileManager.default.subpathsOfDirectory(atPath: root.path).filter { $0.hasSuffix(".swift") }
        #expect(!files.isEmpty)
        for file in files {
            let text = try String(contentsOf: root.appending(path: file), encoding: .utf8)
            // What another program is called with is no option of this one.
            let lines = text.split(separator: "\n").filter { !$0.contains("llama-gguf-split") }
            for line in lines where line.contains(/"[^"]*--[a-z]/) { Issue.record("\(name)/\(file): \(line)") }
        }
    }

    @Test(
        "The command line adds the option that mends an error",
        arguments: [
            (PromptError.noTemplate, "--prompt"), (PromptError.empty, "--user"),
            (GenerationError.promptTooLong(promptLength: 9, contextLength: 8), "--ctx-size"),
            (TensorGraphError.outOfMemory(purpose: "weights", byteCount: 1), "--ctx-size"),
            (InferenceError.notFinite(path: "a.gguf", position: 3), "--cache-type f32"),
            (ItemError.noRegion(item: 1), "--roi"),
            (EvaluationError(problem: "p", remedy: "r", setting: .output), "--output"),
        ] as [(any Error & Sendable, String)])
    func options(error: any Error & Sendable, option: String) throws {
        let text = "\(try #require(CommandError(error)))"
        #expect(text.hasPrefix("\(error)"))
        #expect(text.contains(option))
    }
}
