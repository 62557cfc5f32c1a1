import AttributionGuidedDecoding

/// A tokenised prompt with its region marked: tokens are divided by `|`, those of the region stand in `⟦ ⟧`, with their
/// weight where it is not 1.
enum RegionDisplay {
    static func render(_ prompt: Prompt, _ region: RegionOfInterest, tokenizer: Tokenizer?) -> String {
        var lines = prompt.tokens.enumerated().map { position, token in
            let text = tokenizer.map { visible($0.text(of: token)) } ?? "\(token)"
            let weight = region.weight(at: position)
            if weight == 0 { return "|" + text }
            return weight == 1 ? "⟦\(text)⟧" : "⟦\(text)⟧×\(weight)"
        }.joined()
        lines += "\n\(prompt.tokens.count) tokens, \(region.tokens.count) in the region"
        if !region.heads.isEmpty {
            let heads = region.heads.sorted { $0.key < $1.key }.map {
                "\($0.key.layer).\($0.key.head)" + ($0.value == 1 ? "" : "×\($0.value)")
            }
            lines += "; heads \(heads.joined(separator: ", "))"
        }
        return lines + "\n"
    }

    /// Line ends are shown and kept, so that long prompts stay readable.
    private static func visible(_ text: String) -> String {
        text.replacing("\n", with: "\\n\n").replacing("\t", with: "\\t")
    }
}
