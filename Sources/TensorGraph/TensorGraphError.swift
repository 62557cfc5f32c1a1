/// What can go wrong below the level of a model: files, memory and devices.
public enum TensorGraphError: Error, Equatable, CustomStringConvertible {
    /// The file can't be used. `field` is the key, tensor or part of the file at fault.
    case invalidFile(path: String, field: String, problem: String, remedy: String)
    /// A buffer of `byteCount` bytes for `purpose` could not be had.
    case outOfMemory(purpose: String, byteCount: Int)
    /// A device reported that a graph did not run.
    case computationFailed(status: String)

    public var description: String {
        switch self {
        case .invalidFile(let path, let field, let problem, let remedy):
            "\(path): \(field): \(problem). \(remedy)"
        case .outOfMemory(let purpose, let byteCount):
            "not enough memory for \(purpose)" + (byteCount > 0 ? " (\(byteCount / 1_048_576) MiB)" : "")
                + ". Use a shorter context or a smaller model."
        case .computationFailed(let status):
            "the computation failed: \(status)"
        }
    }
}
