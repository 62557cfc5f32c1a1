import AttributionGuidedDecoding

/// The tokens of a prompt, where they lie in it, and their weights in the region.
struct Tokenization: Encodable {
    struct Token: Encodable {
        var id: Int
        var text: String
        var control: Bool
        /// Ranges in the prompt's text, first to past the last: in bytes, and in characters (Unicode scalars) that the token
        /// touches. Empty for a token that isn't in the text, such as BOS; missing where the prompt has no text.
        var bytes, characters: [Int]?
        /// Whether it is part of what the chat template says of its own accord, such as a default system message.
        var template: Bool?
        /// The message it belongs to, and the characters of that message's content.
        var message: Int?
        var messageCharacters: [Int]?
        var weight: Double
    }
    var tokens: [Token]
    var text: String?
    /// What the chat template says of its own accord; not its markers. Missing where that is nothing.
    var templateText: [String]?
    var count: Int
    var roiHeads: [HeadWeightReport]
}

/// How long a prompt is.
struct TokenCount: Encodable {
    var object: String?
    var inputTokens: Int

    init(_ count: Int, object: String? = nil) { (inputTokens, self.object) = (count, object) }
}

extension API {
    /// Of a conversation, as chat completions have it.
    func tokenCount(_ body: JSONValue, _ served: ServedModel) throws -> Int {
        let conversation = try Conversation(body)
        return try GenerationRequest.naming("messages") { try conversation.prompt(served) }.tokens.count
    }

    /// The prompt of a request that has either messages or a raw prompt, and the region in it.
    func promptAndRegion(_ body: JSONValue, _ served: ServedModel) throws -> (Prompt, RegionOfInterest, hasRegion: Bool)
    {
        guard (body["messages"] == nil) != (body["prompt"] == nil) else {
            throw APIError.invalid(
                "Give either 'messages' or 'prompt'.", param: body["prompt"] == nil ? "messages" : "prompt")
        }
        let regions = try RegionRequest(body, allowsPatterns: configuration.allowsRegularExpressions)
        let prompt: Prompt
        if body["messages"] != nil {
            let conversation = try Conversation(body)
            prompt = try GenerationRequest.naming("messages") { try conversation.prompt(served) }
        } else {
            let raw = RawPrompt.all(in: body)[0]
            prompt = try GenerationRequest.naming("prompt") { try raw.prompt(served) }
        }
        let marked = try regions.mark([prompt], model: served.model)[0]
        return (prompt, marked.region, !regions.isEmpty)
    }

    func tokenize(_ body: JSONValue, _ served: ServedModel) throws -> Tokenization {
        let (prompt, region, _) = try promptAndRegion(body, served)
        guard prompt.tokens.count <= Limits.tokenizedTokens else {
            throw APIError.invalid(
                "The prompt has \(prompt.tokens.count) tokens; at most \(Limits.tokenizedTokens) are told.",
                param: body["messages"] == nil ? "prompt" : "messages", code: "answer_too_large")
        }
        let offsets = prompt.text.map { CharacterOffsets(Array($0.utf8)) }
        var messages = MessageWalk(prompt)
        let tokens = prompt.tokens.enumerated().map { position, id in
            var token = Tokenization.Token(
                id: id, text: served.text(of: id), control: served.isControl(id), weight: region.weight(at: position))
            guard let offsets else { return token }
            let bytes = prompt.tokenBytes[position]
            token.bytes = [bytes.lowerBound, bytes.upperBound]
            token.characters = offsets.characters(bytes)
            if prompt.templateSpans.contains(where: { $0.overlaps(bytes) }) { token.template = true }
            token.message = messages.index(overlapping: bytes)
            if let message = token.message {
                let content = prompt.messages[message].bytes
                let first = offsets.characters(content.lowerBound..<content.lowerBound)[0]
                token.messageCharacters = offsets.characters(bytes.clamped(to: content)).map { $0 - first }
            }
            return token
        }
        return Tokenization(
            tokens: tokens, text: prompt.text,
            templateText: prompt.templateTexts.isEmpty ? nil : prompt.templateTexts, count: tokens.count,
            roiHeads: region.headReport)
    }
}

/// Finds the messages of ranges that come in the order of the text, in one walk along it.
private struct MessageWalk {
    /// Messages in the order of the text, which is that of the conversation unless a template moves them.
    private let messages: [(index: Int, bytes: Range<Int>)]
    private var next = 0

    init(_ prompt: Prompt) {
        messages = prompt.messages.enumerated().flatMap { index, message in message.spans.map { (index, $0) } }
            .sorted { $0.1.lowerBound < $1.1.lowerBound }
    }

    mutating func index(overlapping bytes: Range<Int>) -> Int? {
        while next < messages.count, messages[next].bytes.upperBound <= bytes.lowerBound { next += 1 }
        guard next < messages.count, messages[next].bytes.overlaps(bytes) else { return nil }
        return messages[next].index
    }
}

/// Turns offsets in bytes into offsets in Unicode scalars.
private struct CharacterOffsets {
    /// For each byte the number of scalars that begin before or at it, less one; at the end their number.
    private let scalarOfByte: [Int]

    init(_ bytes: [UInt8]) {
        var result: [Int] = []
        var count = 0
        for byte in bytes {
            if byte & 0b1100_0000 != 0b1000_0000 { count += 1 }
            result.append(count - 1)
        }
        scalarOfByte = result + [count]
    }

    /// The scalars that a range of bytes touches.
    func characters(_ bytes: Range<Int>) -> [Int] {
        let first = scalarOfByte[bytes.lowerBound]
        return [first, bytes.isEmpty ? first : scalarOfByte[bytes.upperBound - 1] + 1]
    }
}
