/// What can go wrong below the level of a model: files, memory and devices.
public enum TensorGraphError: Error, Equatable, CustomStringConvertible {
    /// The file can't be used. `field` is the key, tensor or part of the file at fault.
    case invalidFile(path: String, field: String, problem: String, remedy: String)
    /// A buffer of `byteCount` bytes for `purpose` can't be had; `available` is what there is, where that was the reason.
    case outOfMemory(purpose: String, byteCount: Int, available: Int? = nil)
    /// A device reported that a graph did not run.
    case computationFailed(status: String)
    /// No processor can do an operation where what it works on lies.
    case unsupportedOperation(operation: String, device: String)
    /// A server that computes a part of the model can't be used, or not any more.
    case serverLost(address: String, problem: String)

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
        case .unsupportedOperation(let operation, let device):
            "\(device) can't do \(operation) on what is kept there. Keep fewer layers there (-ngl), or use another cache type."
        case .serverLost(let address, let problem):
            "the server \(address) \(problem)"
        }
    }
}
