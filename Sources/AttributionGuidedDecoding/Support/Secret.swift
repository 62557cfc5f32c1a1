/// A text that must not be shown, such as an API key. It has no description that a log, an interpolated string, `dump` or
/// an error could print.
///
/// ```swift
/// let key = Secret("sk-1")
/// print(key)  // (secret)
/// ```
public struct Secret: Sendable {
    private let text: String

    /// Keeps a text out of outputs.
    public init(_ text: String) { self.text = text }

    /// Whether the text is empty.
    public var isEmpty: Bool { text.isEmpty }

    /// Whether a header of HTTP can carry it: in one without control characters, such as a line end.
    public var isHeaderValue: Bool { text.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F } }

    /// The text itself, for who must send it.
    public func reveal() -> String { text }

    /// Whether `bytes` are the secret's, in a time that doesn't depend on where they first differ.
    public func isEqual(to bytes: some Collection<UInt8>) -> Bool {
        guard bytes.count == text.utf8.count else { return false }
        return zip(bytes, text.utf8).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { "(secret)" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: []) }
}
