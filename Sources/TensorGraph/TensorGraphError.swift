/// What can go wrong below the level of a model: files, memory and devices.
public enum TensorGraphError: Error, Equatable, CustomStringConvertible {
    /// The file can't be used. `field` is the key, tensor or part of the file at fault.
    case invalidFile(path: String, field: String, problem: String, remedy: String)
    /// A buffer of `byteCount` bytes for `purpose` can't be had; `available` is what there is, where that was the reason.
    case outOfMemory(purpose: String, byteCount: Int, available: Int? = nil)
    /// A device reported that a graph did not run.
    case computationFailed(status: String)

    public var description: String {
        switch self {
        case .invalidFile(let path, let field, let problem, let remedy):
            "\(path): \(field): \(problem). \(remedy)"
        case .outOfMemory(let purpose, let byteCount, let available):
            "not enough memory for \(purpose)" + (byteCount > 0 ? " (\(byteCount / 1_048_576) MiB" : "")
                + (available.map { ", \($0 / 1_048_576) MiB are free" } ?? "") + (byteCount > 0 ? ")" : "")
                + ". Use a shorter context, a smaller cache type or a smaller model."
        case .computationFailed(let status):
            "the computation failed: \(status)"
        }
    }
}
