extension StringProtocol {
    /// The text without the characters at its end that are trimmed.
    package func trimmingSuffix(while isTrimmed: (Character) -> Bool) -> String {
        lastIndex { !isTrimmed($0) }.map { String(self[...$0]) } ?? ""
    }
}
