import TensorGraph

/// What `agd --version` prints: the program's version, and the engine's, on which its numbers depend.
enum Version {
    /// The newest numbered heading of CHANGELOG.md.
    static let program = "0.1.0"

    static var text: String {
        // Sources from an archive don't know their commit.
        let commit = GGMLVersion.commit == "unknown" ? "" : " (\(GGMLVersion.commit))"
        return "agd \(program)\nggml \(GGMLVersion.number)\(commit)"
    }
}
