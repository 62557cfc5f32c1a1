/// What a session's caches hold, and so how much of a request they can serve.
public struct CacheContents: Sendable {
    /// Tokens whose keys and values are in the cache.
    public let tokens: [Int]
    /// Normalised, see ``RegionOfInterest/normalised``.
    let regions: [RegionOfInterest]
    public let rule: PropagationRule

    /// Leading tokens of a prompt that needn't be read again: the longest common beginning in which the regions' weights
    /// are the same. At least one token is left to evaluate. Nil where the caches can't serve: other heads, another rule
    /// or another number of regions.
    package func reusableCount(
        of newTokens: [Int], regions newRegions: [RegionOfInterest], rule newRule: PropagationRule
    )
        -> Int?
    {
        let newRegions = newRegions.normalised.regions
        guard newRule == rule, newRegions.map(\.heads) == regions.map(\.heads) else { return nil }
        let limit = min(newTokens.count - 1, tokens.count)
        return (0..<limit).first { position in
            tokens[position] != newTokens[position]
                || zip(regions, newRegions).contains { $0.weight(at: position) != $1.weight(at: position) }
        } ?? limit
    }
}
