/// Text with `{{name}}` where something is to be filled in.
package enum Template {
    /// Fills a template in one walk, so that what is filled in is not searched again.
    package static func fill(_ template: String, _ values: [String: String]) -> String {
        template.split(separator: "{{", omittingEmptySubsequences: false).enumerated().map { index, piece in
            guard index > 0, let end = piece.firstRange(of: "}}"), let value = values[String(piece[..<end.lowerBound])]
            else { return (index > 0 ? "{{" : "") + piece }
            return value + piece[end.upperBound...]
        }.joined()
    }
}
