import AttributionGuidedDecoding

/// A prompt from a file, with the region that belongs to it: `{"messages": [{"role": …, "content": …}], "region": ["system"]}` or
/// `{"prompt": "…"}`, one a line.
public struct PromptItem: Sendable, Decodable {
    /// A conversation; nil where there is a raw prompt.
    public var messages: [ChatMessage]?
    /// A raw prompt; nil where there is a conversation.
    public var prompt: String?
    /// Region specifications; other fields of the line are not looked at.
    public var region: [RegionSpecification]?

    private enum CodingKeys: CodingKey { case messages, prompt, region }

    /// - Throws: `DecodingError` for what is no such item.
    public init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        prompt = try fields.decodeIfPresent(String.self, forKey: .prompt)
        // Where neither is there, it is the messages that are missed.
        messages = prompt == nil ? try fields.decode([ChatMessage].self, forKey: .messages) : nil
        region = try fields.decodeIfPresent([RegionSpecification].self, forKey: .region)
    }

    /// The items of a file, one a line.
    /// - Throws: ``ItemError`` naming file and line.
    public static func read(path: String, limit: Int? = nil) throws -> [PromptItem] {
        try JSONLines.read(
            PromptItem.self, path: path, limit: limit,
            expected: "{\"messages\": [{\"role\": …, \"content\": …}], \"region\": [\"system\"]} or {\"prompt\": \"…\"}"
        )
    }

    func resolve(_ model: LanguageModel, regions: [RegionSpecification]) throws -> (
        prompt: Prompt, region: RegionOfInterest
    ) {
        let prompt = try messages.map { try model.prompt($0) } ?? model.prompt(text: prompt ?? "")
        let named = regions.isEmpty ? region ?? [] : regions
        return (prompt, try prompt.region(named))
    }
}
