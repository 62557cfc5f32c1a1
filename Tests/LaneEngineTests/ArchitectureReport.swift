import Foundation
import TensorGraph

@testable import LaneEngine
@testable import TestFixtures

/// How a model file fares here and in libllama: the row of a table.
struct ArchitectureReport {
    let name: String
    /// Why the file is refused; nil where it is computed.
    var refusal: String?
    /// The largest difference of a logit to libllama's after any token, relative to the largest logit: with fused kernels,
    /// with composed operations, and token by token.
    var logitErrors: [Double] = []
    /// Whether the likeliest token after each is libllama's.
    var agreesOnTokens = false
    /// For each rule the largest error of the adjoint identity in any layer, fused and composed.
    var adjointErrors: [String: Double] = [:]
    /// Under AttnLRP the relevance of all input tokens for the last logit, as a share of it.
    var inputShare = 0.0

    /// Of logits. Where libllama's GELU comes from ggml's table of halves, each layer adds the rounding of one.
    private(set) var tolerance = 1e-3

    var passes: Bool {
        agreesOnTokens && logitErrors.allSatisfy { $0 < tolerance }
            && adjointErrors.values.allSatisfy { $0 < 1e-4 }
    }

    init(_ path: String) throws {
        name = URL(filePath: path).deletingPathExtension().lastPathComponent
        let model: LanguageModel
        do { model = try LanguageModel(path: path) } catch TensorGraphError.invalidFile(_, let field, let problem, _) {
            refusal = "\(field) \(problem)"
            return
        }
        if model.configuration.activation == .geluTanh { tolerance = 3e-3 }
        let tokens = (0..<44).map { ($0 * 37 + $0 * $0 * 11 + 5) % model.configuration.vocabularySize }
        let expected = try LlamaReference.logits(model: path, of: tokens)
        try compareLogits(model, tokens, expected)
        let reading = try ReverseAttribution(
            model, tokens: Array(tokens.prefix(24)), options: .init(threadCount: 1))
        for rule in PropagationRule.all {
            let errors = try [true, false].flatMap { try reading.adjointErrors(rule: rule, fused: $0) }
            adjointErrors[rule.name] = errors.max()
        }
        let attribution = try reading.attribute([.init(token: tokens[3], position: 23)])[0]
        inputShare = attribution.tokens.reduce(0, +) / attribution.logit
    }

    private mutating func compareLogits(_ model: LanguageModel, _ tokens: [Int], _ expected: [[Float]]) throws {
        func session(fused: Bool) throws -> InferenceSession {
            var options = Oracle.float32(fused: fused)
            options.contextLength = LlamaReference.contextLength
            return try InferenceSession(model, regions: [], options: options)
        }
        let atOnce = try [true, false].map {
            try session(fused: $0).append(tokens, output: .everyPosition).distributions.map(\.logits)
        }
        let stepwise = try session(fused: true)
        let all = atOnce + [try tokens.map { try stepwise.append([$0]).logits }]
        logitErrors = all.map { logits in
            zip(logits, expected).map { ours, theirs in
                ours.map(Double.init).distance(to: theirs.map(Double.init)) / theirs.map(Double.init).largestMagnitude
            }.max() ?? .infinity
        }
        agreesOnTokens = all.allSatisfy { logits in
            zip(logits, expected).allSatisfy { ours, theirs in
                // A near tie may fall either way.
                let (best, chosen) = (
                    theirs.max() ?? 0, theirs[ours.indices.reduce(0) { ours[$1] > ours[$0] ? $1 : $0 }]
                )
                return Double(best - chosen) <= tolerance * Double(theirs.map(abs).max() ?? 0)
            }
        }
    }

    /// The files that are computed, then those that are refused.
    static func table(_ reports: [ArchitectureReport]) -> String {
        let computed = """
            | file | logits, largest difference | likeliest tokens | adjoint error, largest | input's share of the logit | |
            |---|---|---|---|---|---|
            """
        let refused = "\n| file | refused, because |\n|---|---|"
        let rows = (reports.filter { $0.refusal == nil }, reports.filter { $0.refusal != nil })
        return ([computed] + rows.0.map(\.row) + [refused] + rows.1.map(\.row)).joined(separator: "\n") + "\n"
    }

    private var row: String {
        if let refusal { return "| `\(name)` | \(refusal.replacing("|", with: "/")) |" }
        func number(_ x: Double) -> String { String(format: "%.0e", x) }
        return "| `\(name)` | \(number(logitErrors.max() ?? 0)) | \(agreesOnTokens ? "equal" : "differ") | "
            + "\(number(adjointErrors.values.max() ?? 0)) | \(String(format: "%.2f", inputShare)) | "
            + "\(passes ? "" : "**wrong**") |"
    }
}
