import AttributionGuidedDecoding

/// Two prompts that differ in one thing, and how the answers begin that should differ with it:
/// `{"prompt": "Ann lives in Rome. Ann lives in", "answer": " Rome", "other_prompt": "Ann lives in Oslo. Ann lives in",
/// "other_answer": " Oslo"}`, one a line.
public struct ContrastPair: Sendable, Decodable {
    /// A system message of each prompt, which is then a conversation; nil where there is none.
    public var system, otherSystem: String?
    /// The prompts: raw, or the user's messages.
    public var prompt, otherPrompt: String
    /// How the answers begin. What they have in common is put behind the prompts; the tokens after it are compared.
    public var answer, otherAnswer: String

    private enum CodingKeys: String, CodingKey {
        case system, prompt, answer
        case otherSystem = "other_system"
        case otherPrompt = "other_prompt"
        case otherAnswer = "other_answer"
    }

    /// The pairs of a file, one a line.
    /// - Throws: ``ItemError`` naming file and line.
    public static func read(path: String, limit: Int? = nil) throws -> [ContrastPair] {
        try JSONLines.read(
            ContrastPair.self, path: path, limit: limit,
            expected:
                "{\"prompt\": …, \"answer\": …, \"other_prompt\": …, \"other_answer\": …} and perhaps \"system\", \"other_system\""
        )
    }

    /// A prompt as tokens, with the token that should follow and the one that should not.
    struct Side: Sendable {
        var tokens: [Int]
        var right, wrong: Int

        var targets: [AttributionTarget] {
            [right, wrong].map { AttributionTarget(token: $0, position: tokens.count - 1) }
        }
    }

    /// Both sides; nil where the answers can't be told apart by one token.
    /// - Parameter isChat: whether prompts without a system message are conversations too.
    func sides(_ model: LanguageModel, isChat: Bool) throws -> [Side]? {
        guard let tokenizer = model.tokenizer else { throw PromptError.noVocabulary }
        func tokens(_ system: String?, _ text: String) throws -> [Int] {
            guard isChat || system != nil else { return try model.prompt(text: text).tokens }
            return try model.prompt((system.map { [.system($0)] } ?? []) + [.user(text)]).tokens
        }
        let (first, second) = (try tokenizer.tokenize(answer), try tokenizer.tokenize(otherAnswer))
        let shared = zip(first, second).prefix { $0 == $1 }.count
        guard shared < first.count, shared < second.count else { return nil }
        return [
            Side(
                tokens: try tokens(system, prompt) + first[..<shared], right: first[shared], wrong: second[shared]),
            Side(
                tokens: try tokens(otherSystem, otherPrompt) + first[..<shared], right: second[shared],
                wrong: first[shared]),
        ]
    }
}
