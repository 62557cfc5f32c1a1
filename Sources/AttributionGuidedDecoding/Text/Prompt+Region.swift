import Foundation

extension Prompt {
    /// The region that the specifications name together; where they overlap their weights add up.
    ///
    /// A token that overlaps a span belongs to it. Template markers and BOS don't belong to a message, but `text:` and
    /// `tokens:` reach them.
    public func region(_ specifications: [RegionSpecification]) throws -> RegionOfInterest {
        try specifications.reduce(into: RegionOfInterest()) { region, specification in
            if case .heads(let heads) = specification.target {
                region = region.union(RegionOfInterest(heads: heads.mapValues { $0 * specification.weight }))
            } else {
                let positions = try positions(specification)
                region = region.union(
                    RegionOfInterest(
                        tokens: Dictionary(uniqueKeysWithValues: positions.map { ($0, specification.weight) })))
            }
        }
    }

    /// The region that one or more specifications such as `system` or `text:"in French"=-0.5` name.
    public func region(_ specifications: String...) throws -> RegionOfInterest {
        try region(specifications.map { try RegionSpecification($0) })
    }

    private func positions(_ specification: RegionSpecification) throws -> Set<Int> {
        switch specification.target {
        case .role(let role): return try positions(ofMessages: { $0.role == role }, specification)
        case .message(let index):
            guard messages.isEmpty || index < messages.count else {
                throw RegionError.noSuchMessage(specification: specification.description, roles: messages.map(\.role))
            }
            return try positions(ofMessages: { $0.bytes == messages[index].bytes }, specification)
        case .text(let wanted):
            return try positions(specification, nearestTo: wanted) { text in text.byteRanges(of: wanted) }
        case .regex(let pattern):
            let regex: Regex<AnyRegexOutput>
            do { regex = try Regex(pattern) } catch {
                throw RegionError.malformed(specification.description, "not a regular expression: \(error)")
            }
            return try positions(specification, nearestTo: pattern) { text in
                text.ranges(of: regex).filter { !$0.isEmpty }.map { text.byteRange($0) }
            }
        case .tokens(let ranges):
            if let range = ranges.first(where: { $0.upperBound > tokens.count }) {
                throw RegionError.tokenOutOfRange(
                    position: max(range.lowerBound, tokens.count), promptLength: tokens.count)
            }
            return Set(ranges.joined())
        case .heads: return []
        }
    }

    private func positions(
        ofMessages belongs: (Message) -> Bool, _ specification: RegionSpecification
    ) throws -> Set<Int> {
        guard !messages.isEmpty else { throw RegionError.noMessages(specification: specification.description) }
        let wanted = messages.filter(belongs)
        guard !wanted.isEmpty else {
            throw RegionError.noSuchMessage(specification: specification.description, roles: messages.map(\.role))
        }
        return try covered(wanted.map(\.bytes), specification)
    }

    private func positions(
        _ specification: RegionSpecification, nearestTo wanted: String, _ find: (String) -> [Range<Int>]
    ) throws -> Set<Int> {
        guard let text else { throw RegionError.noText(specification: specification.description) }
        let found = find(text)
        guard !found.isEmpty else {
            throw RegionError.notFound(
                specification: specification.description, nearest: Self.likeliestPlace(of: wanted, in: text))
        }
        return try covered(found, specification)
    }

    private func covered(_ spans: [Range<Int>], _ specification: RegionSpecification) throws -> Set<Int> {
        let positions = Set(spans.flatMap { tokens(overlapping: $0) })
        guard !positions.isEmpty else { throw RegionError.coversNoToken(specification: specification.description) }
        return positions
    }

    /// The surroundings of the longest run of characters that `text` shares with `wanted`, ignoring case.
    static func likeliestPlace(of wanted: String, in text: String, margin: Int = 30) -> String {
        let characters = Array(text)
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

extension String {
    /// Every occurrence of `wanted`, as bytes (UTF-8); where there is none, those that Unicode holds equal to it.
    func byteRanges(of wanted: String) -> [Range<Int>] {
        let (bytes, needle) = (Array(utf8), Array(wanted.utf8))
        guard let first = needle.first else { return [] }
        let exact = bytes.indices.filter { bytes[$0] == first && bytes[$0...].starts(with: needle) }
        return exact.isEmpty ? ranges(of: wanted).map { byteRange($0) } : exact.map { $0..<$0 + needle.count }
    }

    /// The bytes (UTF-8) that a range of characters covers.
    func byteRange(_ range: Range<Index>) -> Range<Int> {
        let lower = utf8.distance(from: startIndex, to: range.lowerBound)
        return lower..<lower + utf8.distance(from: range.lowerBound, to: range.upperBound)
    }
}

extension RegionOfInterest {
    /// Checks that every position and head exists and that weights are finite.
    public func validate(for model: LanguageModel, promptLength: Int) throws {
        let (layers, headCount) = (model.configuration.layerCount, model.configuration.headCount)
        if let position = tokens.keys.first(where: { $0 < 0 || $0 >= promptLength }) {
            throw RegionError.tokenOutOfRange(position: position, promptLength: promptLength)
        }
        if let head = heads.keys.first(where: { !(0..<layers).contains($0.layer) || !(0..<headCount).contains($0.head) }
        ) {
            throw RegionError.headOutOfRange(
                layer: head.layer, head: head.head, layerCount: layers, headCount: headCount)
        }
        guard ([otherTokens] + tokens.values + heads.values).allSatisfy({ Float($0).isFinite }) else {
            throw RegionError.weightNotFinite
        }
    }
}
