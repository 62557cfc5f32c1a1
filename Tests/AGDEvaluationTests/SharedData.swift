import Foundation
import Testing

@testable import AGDEvaluation

/// The benchmark files, which are not part of the package: in `../shared/evals`, or where `AGD_SHARED` points.
enum SharedData {
    static let evals: String = {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let shared = ProcessInfo.processInfo.environment["AGD_SHARED"] ?? root.appending(path: "../shared").path
        return shared + "/evals"
    }()

    static let isPresent = FileManager.default.fileExists(atPath: evals + "/README.md")

    static let support = Result { try TextSupport(directory: evals + "/support") }

    /// Every line of a JSONL file.
    static func lines(_ name: String) throws -> [JSONField] {
        var lines: [JSONField] = []
        try InputFile.forEachLine(of: evals + "/" + name) { (line, _) throws(EvaluationError) in lines.append(line) }
        return lines
    }
}

extension Trait where Self == ConditionTrait {
    /// Skips a test, saying so, where the benchmark files are absent.
    static var needsSharedData: Self {
        .enabled(if: SharedData.isPresent, "no benchmark files at \(SharedData.evals); set AGD_SHARED")
    }
}

extension JSONField {
    /// A verdict of a case file: true, false or null.
    var verdict: Bool? { if case .bool(let verdict) = value { verdict } else { nil } }

    /// The identifier and the note of a case, for messages.
    var caseName: String { "\(self["id"].value?.text ?? "") \(self["note"].value?.text ?? "")" }
}
