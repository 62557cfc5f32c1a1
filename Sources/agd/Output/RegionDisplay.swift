import AttributionGuidedDecoding

/// A tokenised prompt with its region marked: tokens are divided by `|`, those of the region stand in `⟦ ⟧`, with their
/// weight where it is not 1. Tokens that share a character stand together.
enum RegionDisplay {
    static func render(_ prompt: Prompt, _ region: RegionOfInterest, tokenizer: Tokenizer?) -> String {
        var lines = pieces(prompt, region, tokenizer).map { text, weight in
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
        if !region.neurons.isEmpty { lines += "; \(region.neurons.count) neurons" }
        if !region.directions.isEmpty {
            let layers = region.directions.keys.map(\.layer).sorted().map(String.init).joined(separator: ", ")
            lines += "; directions behind layers \(layers)"
        }
        if !region.features.isEmpty { lines += "; \(region.features.count) features of a dictionary" }
        if region.weights.contains(where: { $0 < 0 }) {
            lines +=
                "\na negative weight leads away from tokens that draw on the passage, whatever it says: it forbids nothing, and on words of a "
                + "prohibition it weakens the prohibition. --avoid keeps a word out"
        }
        for text in prompt.templateTexts { lines += "\nthe template says: \(visible(text))" }
        return lines + "\n"
    }

    /// What stands between two signs, with its weight.
    private static func pieces(
        _ prompt: Prompt, _ region: RegionOfInterest, _ tokenizer: Tokenizer?
    ) -> [(text: String, weight: Double)] {
        guard let tokenizer else {
            return prompt.tokens.enumerated().map { ("\($0.element)", region.weight(at: $0.offset)) }
        }
        let bytes = prompt.tokens.map { tokenizer.bytes(of: $0, showsSpecialTokens: true) }
        return TokenText.runs(of: bytes).flatMap { run in
            // A region that begins inside a character shows its tokens one by one, by their bytes.
            let isOne = Set(run.map { region.weight(at: $0) }).count == 1
            return (isOne ? [run] : run.map { $0..<$0 + 1 }).map { positions in
                (visible(TokenText.text(of: bytes[positions].joined())), region.weight(at: positions.lowerBound))
            }
        }
    }

    /// Line ends are shown and kept, so that long prompts stay readable.
    private static func visible(_ text: String) -> String {
        text.printable.replacing("\n", with: "\\n\n").replacing("\t", with: "\\t")
    }
}
