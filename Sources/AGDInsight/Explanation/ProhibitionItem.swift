import AttributionGuidedDecoding

/// A prompt that forbids words: a ``PromptItem`` with `"forbidden": ["river"]`, or with Microcosm's
/// `"checks": [{"kind": "excludes", "values": ["river"]}]`.
public struct ProhibitionItem: Sendable, Decodable {
    /// The prompt, with its region.
    public var prompt: PromptItem
    /// The words that it forbids.
    public var forbidden: [String]

    private struct Check: Decodable {
        var kind: String
        var values: [String]?
    }
    private enum CodingKeys: CodingKey { case forbidden, checks }

    /// - Throws: `DecodingError` for what is no such item.
    public init(from decoder: any Decoder) throws {
        prompt = try PromptItem(from: decoder)
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        if let checks = try fields.decodeIfPresent([Check].self, forKey: .checks) {
            forbidden = checks.filter { $0.kind == "excludes" }.flatMap { $0.values ?? [] }
        } else {
            forbidden = try fields.decode([String].self, forKey: .forbidden)
        }
    }

    /// The items of a file, one a line.
    /// - Throws: ``ItemError`` naming file and line.
    public static func read(path: String, limit: Int? = nil) throws -> [ProhibitionItem] {
        try JSONLines.read(
            ProhibitionItem.self, path: path, limit: limit,
            expected:
                "{\"messages\": [{\"role\": …, \"content\": …}], \"region\": [\"system\"], \"forbidden\": [\"river\"]}, or \"checks\" in place of \"forbidden\""
        )
    }
}

/// Notices where the next token can begin or go on with a forbidden word.
struct ForbiddenWords {
    /// Words within a text and at its start, as tokens.
    private let inside, atStart: [[Int]]

    init(_ words: [String], _ tokenizer: Tokenizer) throws {
        let forms = words.flatMap { word in Set([word, word.prefix(1).uppercased() + word.dropFirst()]).sorted() }
        inside = try forms.map { try tokenizer.tokenize(" " + $0) }
        atStart = try forms.map { try tokenizer.tokenize($0) }
    }

    /// Tokens that would begin a forbidden word after `text`, or go on with one that has begun.
    func continuations(of text: [Int]) -> Set<Int> {
        let within = inside.flatMap { word in
            word.indices.filter { text.suffix($0) == word.prefix($0) }.map { word[$0] }
        }
        let first = atStart.filter { text.count < $0.count && text[...] == $0.prefix(text.count) }.map {
            $0[text.count]
        }
        return Set(within + first)
    }
}
