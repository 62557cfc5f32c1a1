/// What can go wrong in a forward pass.
public enum InferenceError: Error, Equatable, CustomStringConvertible {
    /// Logits or relevances that are infinite or not numbers.
    case notFinite(path: String, position: Int)
    /// A sequence longer than those that are computed rightly.
    case contextTooLong(length: Int, limit: Int, architecture: String)

    /// Caches of a type whose blocks don't divide the width of the model's heads.
    case headsDivideNoBlocks(type: String, headWidth: Int, blockLength: Int)

    static func check(_ length: Int, against configuration: ModelConfiguration) throws {
        guard let limit = configuration.contextLimit, length > limit else { return }
        throw Self.contextTooLong(length: length, limit: limit, architecture: configuration.architecture)
    }

    public var description: String {
        switch self {
        case .notFinite(let path, let position):
            "\(path): the model's output after position \(position) is not a finite number: a weight in the file is damaged, "
                + "or values are too large for the cache. Download the model again, or keep the caches as float32"
        case .contextTooLong(let length, let limit, let architecture):
            "a context of \(length) positions: \(architecture) models attend in chunks, of which only the first \(limit) positions "
                + "are computed here. Give a shorter prompt or context"
        case .headsDivideNoBlocks(let type, let headWidth, let blockLength):
            "\(type) caches store \(blockLength) elements together, and the model's heads are \(headWidth) wide, which is no "
                + "multiple of that. Keep the caches as f16, bf16 or f32"
        }
    }
}
