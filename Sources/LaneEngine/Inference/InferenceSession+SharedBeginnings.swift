/// What prompts of a batch begin with alike is read once: the others take the keys, values and tangents over.
extension InferenceSession {
    /// Beginnings that are shorter than this are read by each.
    private static let shortestSharedLength = 32

    /// Whether what is to be read next is long enough to look for others that have it.
    var mayShareBeginning: Bool { unreadCount > Self.shortestSharedLength }

    /// Takes over what another sequence has read of what this one reads next.
    func takeBeginning(from other: InferenceSession) {
        guard var reading else { return }
        let shared = lengthShared(with: other)
        let end = min(shared, other.evaluatedCount)
        guard shared - reading.position >= Self.shortestSharedLength, end > reading.position else { return }
        let range = reading.position..<end
        if reading.withTangents {
            let firstTangent = min(max(range.lowerBound, firstTangentPosition), end)
            if firstTangent > range.lowerBound { clearStaleTangents(from: range.lowerBound) }
            memory.cache.copy(firstTangent..<end, lanes: 1..<memory.cache.laneCount, from: other.memory.cache)
            tangentLength = end
        }
        memory.cache.copy(range, lanes: 0..<1, from: other.memory.cache)
        reading.position = end
        writtenEnd = max(writtenEnd, end)
        self.reading = reading
    }

    /// Whether another sequence that takes part in the next step is about to read what this one would read.
    func canWait(for other: InferenceSession) -> Bool {
        guard let reading, other.unreadCount > 0, other.evaluatedCount >= reading.position else { return false }
        return lengthShared(with: other) - max(reading.position, other.evaluatedCount) >= Self.shortestSharedLength
    }

    /// Leading positions whose keys and values, and the tangents that this sequence wants, the other has or is about to have.
    private func lengthShared(with other: InferenceSession) -> Int {
        guard let reading, reading.position >= reading.start, other !== self, memory.states == nil,
            options.cacheType == other.options.cacheType,
            intervention.residualStream == other.intervention.residualStream,
            !hasOverwritten, !other.hasOverwritten
        else { return 0 }
        let limit = min(
            reading.output == .everyPosition ? reading.start : tokens.count - 1, other.tokens.count,
            other.triedPosition ?? .max, memory.cache.layout.shortestRing,
            other.memory.cache.layout.shortestRing)
        let common = firstDifference(before: limit) { [self] position in
            tokens[position] != other.tokens[position]
                || intervention.bias(at: position) != other.intervention.bias(at: position)
        }
        guard reading.withTangents, firstTangentPosition < common else { return common }
        guard options.rule == other.options.rule, regions.map(\.inside) == other.regions.map(\.inside) else {
            return firstTangentPosition
        }
        let tangentEnd = other.reading?.withTangents == true ? other.tokens.count : other.tangentLength
        let equal = firstDifference(before: min(common, tangentEnd)) { [self] position in
            zip(regions, other.regions).contains { $0.weight(at: position) != $1.weight(at: position) }
        }
        return max(firstTangentPosition, equal)
    }

    /// Whether a ring has turned, so that positions don't lie in rows of their own numbers any more.
    private var hasOverwritten: Bool { writtenEnd > memory.cache.layout.shortestRing }

    private func firstDifference(before end: Int, _ differs: (Int) -> Bool) -> Int {
        (0..<max(0, end)).first(where: differs) ?? end
    }
}
