/// Finds regions in a prompt: which tokens, and which bytes of its text, each specification names.
struct RegionSearch {
    private let prompt: Prompt
    private var search: TextSearch?
    /// Steps that patterns may still take, see ``Pattern/stepLimit``.
    private(set) var patternSteps: Int

    init(_ prompt: Prompt, patternSteps: Int) {
        self.prompt = prompt
        search = prompt.text.map(TextSearch.init)
        self.patternSteps = patternSteps
    }

    /// - Throws: ``RegionError`` where there is no such place, or no token in it.
    mutating func find(_ specification: RegionSpecification) throws -> MarkedPrompt.Mark {
        switch specification.target {
        case .heads, .headFile, .neurons, .neuronFile, .directions, .directionFile, .features, .dictionaryFile:
            return .init(specification: specification, inside: try specification.target.inside())
        case .tokens(let ranges):
            if let range = ranges.first(where: { $0.upperBound > prompt.tokens.count }) {
                throw RegionError.tokenOutOfRange(
                    position: max(range.lowerBound, prompt.tokens.count), promptLength: prompt.tokens.count)
            }
            let tokens = ranges.united
            let bytes = prompt.text == nil ? [] : tokens.joined().map { prompt.tokenBytes[$0] }
            return .init(specification: specification, tokens: tokens, bytes: bytes.united)
        case .messages, .template, .trust, .text, .firstText, .characters, .pattern:
            let bytes = try bytes(specification).united
            let tokens = prompt.tokens(overlapping: bytes)
            guard !tokens.isEmpty else { throw RegionError.coversNoToken(specification: specification.description) }
            return .init(specification: specification, tokens: tokens, bytes: bytes)
        }
    }

    private mutating func bytes(_ specification: RegionSpecification) throws -> [Range<Int>] {
        let name = specification.description
        guard search != nil else { throw RegionError.noText(specification: name) }
        switch specification.target {
        case .messages(let messages): return try contents(messages, name)
        case .template:
            guard !prompt.messages.isEmpty else { throw RegionError.noMessages(specification: name) }
            return prompt.templateSpans
        case .trust(let trust):
            guard !prompt.messages.isEmpty else { throw RegionError.noMessages(specification: name) }
            guard trust == .untrusted else { return prompt.trustedSpans }
            guard !prompt.untrustedSpans.isEmpty else { throw RegionError.nothingUntrusted(specification: name) }
            return prompt.untrustedSpans
        case .characters(let range, let message):
            _ = try contents(.number(message), name)
            let bytes = prompt.messages[message].bytes(ofCharacters: range, in: prompt.text ?? "")
            guard !bytes.isEmpty else { throw RegionError.charactersOutOfRange(specification: name) }
            return bytes
        case .text(let wanted, let messages):
            let parts = try messages.map { try contents($0, name).united }
            let found = search?.occurrences(of: wanted, in: parts) ?? []
            return try found.isEmpty ? nothing(like: wanted, name) : found
        case .firstText(let texts):
            for text in texts {
                let found = search?.occurrences(of: text) ?? []
                if !found.isEmpty { return found }
            }
            return try nothing(like: texts[0], name)
        case .pattern(let pattern):
            let found = try matches(of: pattern, name)
            return try found.isEmpty ? nothing(like: pattern.source, name) : found
        case .tokens, .heads, .headFile, .neurons, .neuronFile, .directions, .directionFile, .features, .dictionaryFile:
            return []
        }
    }

    private mutating func matches(of pattern: Pattern, _ name: String) throws -> [Range<Int>] {
        do {
            return try pattern.matches(in: prompt.text ?? "", remainingSteps: &patternSteps)
        } catch let error as PatternError {
            throw RegionError.malformed(name, "\(error)")
        }
    }

    private func contents(_ wanted: RegionSpecification.Messages, _ name: String) throws(RegionError) -> [Range<Int>] {
        guard !prompt.messages.isEmpty else { throw RegionError.noMessages(specification: name) }
        let found =
            switch wanted {
            case .all(let role): prompt.messages.filter { $0.role == role }
            case .number(let number): prompt.messages.indices.contains(number) ? [prompt.messages[number]] : []
            }
        guard !found.isEmpty else {
            throw RegionError.noSuchMessage(specification: name, roles: prompt.messages.map(\.role))
        }
        return found.flatMap(\.spans)
    }

    private func nothing(like wanted: String, _ name: String) throws(RegionError) -> [Range<Int>] {
        throw RegionError.notFound(
            specification: name, nearest: Self.likeliestPlace(of: wanted, in: prompt.text ?? ""))
    }

    /// The surroundings of the longest run of characters that `text` shares with `wanted`, ignoring case.
    static func likeliestPlace(of wanted: String, in text: String, margin: Int = 30) -> String {
        // The time taken grows with both, and an error isn't worth much of it.
        let characters = Array(String(text.unicodeScalars.prefix(20_000)))
        // Numbers stand for the characters, as they are faster to compare.
        var numbers: [String: Int] = [:]
        let needle = wanted.prefix(200).map { character in
            let number = numbers[character.lowercased()] ?? numbers.count
            numbers[character.lowercased()] = number
            return number
        }
        let haystack = characters.map { numbers[$0.lowercased()] ?? -1 }
        var previous = Array(repeating: 0, count: needle.count + 1)
        var best = (length: 0, end: 0)
        for (index, character) in haystack.enumerated() {
            var current = previous
            for (column, other) in needle.enumerated() {
                current[column + 1] = character == other ? previous[column] + 1 : 0
                if current[column + 1] > best.length { best = (current[column + 1], index + 1) }
            }
            previous = current
        }
        let start = max(0, best.end - best.length - margin)
        return String(characters[start..<min(characters.count, best.end + margin)])
    }
}

extension Prompt {
    /// Tokens that overlap ranges of bytes of ``text``, in order, in ranges apart from each other. Time grows with their numbers
    /// added up.
    /// - Parameter bytes: in order, apart from each other.
    package func tokens(overlapping bytes: [Range<Int>]) -> [Range<Int>] {
        var next = 0
        return tokenBytes.indices.filter { token in
            while next < bytes.count, bytes[next].upperBound <= tokenBytes[token].lowerBound { next += 1 }
            return next < bytes.count && bytes[next].overlaps(tokenBytes[token])
        }.map { $0..<$0 + 1 }.united
    }
}
