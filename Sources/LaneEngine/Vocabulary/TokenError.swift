/// What can be wrong with tokens, or with text that is to become tokens.
public enum TokenError: Error, Equatable, CustomStringConvertible {
    /// There is nothing to read.
    case noTokens
    /// An id that the vocabulary doesn't have.
    case outOfRange(token: Int, vocabularySize: Int)
    /// A text beyond what can be taken.
    case textTooLong(byteCount: Int)

    public var description: String {
        switch self {
        case .noTokens: "there are no tokens to read"
        case .outOfRange(let token, let size):
            "token \(token) is not in the vocabulary, whose ids are 0 to \(size - 1)"
        case .textTooLong(let byteCount):
            "the prompt is too long: \(byteCount) bytes of text, more than this program or the memory can take; shorten it"
        }
    }
}
