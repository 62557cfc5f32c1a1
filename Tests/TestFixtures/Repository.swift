import Foundation

/// Files of the repository that tests read where they lie.
enum Repository {
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
    static let model = root.appending(path: "Models/microcosm.gguf").path
    static let conflicts = root.appending(path: "Models/microcosm-conflicts.jsonl").path
}
