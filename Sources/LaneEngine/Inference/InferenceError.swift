/// What can go wrong in a forward pass.
public enum InferenceError: Error, Equatable, CustomStringConvertible {
    /// Logits or relevances that are infinite or not numbers.
    case notFinite(path: String, position: Int)

    public var description: String {
        switch self {
        case .notFinite(let path, let position):
            "\(path): the model's output after position \(position) is not a finite number: a weight in the file is damaged, "
                + "or values are too large for the cache. Download the model again, or keep the caches as float32"
        }
    }
}
