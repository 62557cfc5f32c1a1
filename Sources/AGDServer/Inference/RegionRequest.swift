import AttributionGuidedDecoding

/// Turns the regions of a request into the weights of tokens and heads of its prompt.
struct RegionRequest {
    var specifications: [JSON]
    /// Weights that messages carry themselves, by the message's number.
    var messageWeights: [Int: Double]
    /// Contents of the messages as they were sent; a template may trim them.
    var contents: [String]
    /// Whether `regex:` is accepted: a pattern can take very long.
    var allowsPatterns: Bool

    var isEmpty: Bool { specifications.isEmpty && messageWeights.isEmpty }

    func resolve(_ prompt: Prompt, model: LanguageModel) throws -> RegionOfInterest {
        var region = RegionOfInterest()
        for (index, specification) in specifications.enumerated() {
            region = region.union(
                try Self.naming("agd.roi[\(index)]") { try self.region(specification, "agd.roi[\(index)]", prompt) })
        }
        for (index, weight) in messageWeights {
            region = region.union(
                try Self.naming("messages[\(index)].agd_weight") {
                    try self.region("message:\(index)", weight, prompt)
                })
        }
        try Self.naming("agd.roi") { try region.validate(for: model, promptLength: prompt.tokens.count) }
        return region
    }

    private static func naming<Result>(_ field: String, _ body: () throws -> Result) throws -> Result {
        do { return try body() } catch let error as RegionError {
            throw APIError.invalid("'\(field)': \(error)", param: field)
        }
    }

    private func region(_ specification: String, _ weight: Double? = nil, _ prompt: Prompt) throws -> RegionOfInterest {
        if specification.hasPrefix("heads:@") {
            throw APIError.invalid(
                "A request can't name files of the server; list the heads themselves.", param: "agd.roi")
        }
        if specification.hasPrefix("regex:") {
            guard allowsPatterns else {
                throw APIError.invalid(
                    "'regex:' is accepted only where the server was started with --allow-regex.", param: "agd.roi")
            }
            guard specification.utf8.count <= Limits.patternBytes else {
                throw APIError.invalid("A pattern has at most \(Limits.patternBytes) bytes.", param: "agd.roi")
            }
        }
        var parsed = try RegionSpecification(specification)
        if let weight { parsed.weight = weight }
        return try prompt.region([parsed])
    }

    private func region(_ value: JSON, _ field: String, _ prompt: Prompt) throws -> RegionOfInterest {
        if let specification = value.string { return try region(specification, nil, prompt) }
        let weight = value["weight"]?.double ?? 1
        let kinds = ["message", "text", "characters", "tokens", "heads"].filter { value[$0] != nil }
        switch kinds {
        case ["message"]:
            let message = value["message"]
            return try region(message?.string ?? "message:\(message?.integer ?? 0)", weight, prompt)
        case ["text"]: return try region("text:\"\(value["text"]?.string ?? "")\"", weight, prompt)
        case ["tokens"]:
            let tokens = value["tokens"]
            let list =
                tokens?.string ?? (tokens?.array ?? []).compactMap(\.integer).map { "\($0)" }.joined(separator: ",")
            return try region("tokens:\(list)", weight, prompt)
        case ["heads"]:
            guard let heads = value["heads"]?.array else {
                return try region("heads:\(value["heads"]?.string ?? "")", weight, prompt)
            }
            return RegionOfInterest(
                heads: Dictionary(
                    heads.map {
                        (
                            .init(layer: $0["layer"]?.integer ?? 0, head: $0["head"]?.integer ?? 0),
                            weight * ($0["weight"]?.double ?? 1)
                        )
                    },
                    uniquingKeysWith: +))
        case ["message", "text"]:
            return try spans(of: value, field, weight, prompt, find: Self.occurrences(of: value["text"]?.string ?? ""))
        case ["message", "characters"]:
            let bounds = (value["characters"]?.array ?? []).compactMap(\.integer)
            return try spans(of: value, field, weight, prompt) { _, message in
                guard bounds[0] < bounds[1], let span = characters(bounds[0]..<bounds[1], ofMessage: message, prompt)
                else {
                    throw APIError.invalid(
                        "'\(field).characters' lies outside message \(message).", param: "\(field).characters")
                }
                return [span]
            }
        default:
            throw APIError.invalid(
                "'\(field)' must have one of message, text, tokens and heads, or message with text or characters; it has "
                    + (kinds.isEmpty ? "none of them." : kinds.joined(separator: ", ") + "."), param: field)
        }
    }

    /// The tokens of spans inside messages.
    /// - Parameter find: spans, in bytes of the message, given its bytes and its number.
    private func spans(
        of value: JSON, _ field: String, _ weight: Double, _ prompt: Prompt, find: ([UInt8], Int) throws -> [Range<Int>]
    ) throws -> RegionOfInterest {
        let text = Array((prompt.text ?? "").utf8)
        let wanted = prompt.messages.indices.filter {
            $0 == value["message"]?.integer || prompt.messages[$0].role == value["message"]?.string
        }
        guard !wanted.isEmpty else {
            throw APIError.invalid("'\(field).message': there is no such message.", param: "\(field).message")
        }
        let spans = try wanted.flatMap { message in
            let bytes = prompt.messages[message].bytes
            return try find(Array(text[bytes]), message).map {
                $0.lowerBound + bytes.lowerBound..<$0.upperBound + bytes.lowerBound
            }
        }
        let positions = prompt.tokenBytes.indices.filter { token in
            spans.contains { prompt.tokenBytes[token].overlaps($0) }
        }
        guard !positions.isEmpty else {
            throw APIError.invalid("'\(field)' matches nothing in the message.", param: field)
        }
        return RegionOfInterest(tokens: Dictionary(uniqueKeysWithValues: positions.map { ($0, weight) }))
    }

    private static func occurrences(of text: String) -> ([UInt8], Int) -> [Range<Int>] {
        { bytes, _ in bytes.ranges(of: Array(text.utf8)).map { $0 } }
    }

    /// The bytes, within a rendered message, of a range of the characters that were sent.
    private func characters(_ range: Range<Int>, ofMessage message: Int, _ prompt: Prompt) -> Range<Int>? {
        let scalars = Array(contents[message].unicodeScalars)
        guard range.upperBound <= scalars.count else { return nil }
        let rendered = prompt.messages[message].bytes.count
        func byteCount(_ scalars: ArraySlice<Unicode.Scalar>) -> Int { scalars.reduce(0) { $0 + UTF8.width($1) } }
        let whole = byteCount(scalars[...])
        // Where the template has trimmed the message, its beginning is missing.
        let trimmed = rendered == whole ? 0 : byteCount(scalars.prefix { $0.properties.isWhitespace })
        let lower = max(0, byteCount(scalars[..<range.lowerBound]) - trimmed)
        let upper = min(rendered, byteCount(scalars[..<range.upperBound]) - trimmed)
        return lower < upper ? lower..<upper : nil
    }
}
