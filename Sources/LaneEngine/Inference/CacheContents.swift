/// What a session's caches hold, and so how much of a request they can serve.
public struct CacheContents: Sendable {
    /// Tokens whose keys and values are in the cache.
    public let tokens: [Int]
    /// Normalised, see ``RegionOfInterest/normalised``.
    let regions: [RegionOfInterest]
    /// The rule of those tangents.
    public let rule: PropagationRule
    /// What they were computed under.
    let intervention: Intervention
    /// Where evaluation has to begin for what is wanted from a position on: before it where the caches no longer hold what is seen from
    /// there.
    let resumption: @Sendable (Int) -> Int

    /// Leading tokens of a prompt that needn't be read again: the longest common beginning in which the regions' weights
    /// and the interventions are the same, as far as layers with sliding windows, or with states, can go on from its end. At least one token is left to evaluate.
    /// Nil where the caches can't serve: other parts inside the model, other vectors added there, another rule or another number of
    /// regions.
    package func reusableCount(
        of newTokens: [Int], regions newRegions: [RegionOfInterest], rule newRule: PropagationRule,
        intervention newIntervention: Intervention = .none
    ) -> Int? {
        let newRegions = newRegions.normalised.regions
        guard newRule == rule, newRegions.map(\.inside) == regions.map(\.inside),
            newIntervention.residualStream == intervention.residualStream
        else { return nil }
        let limit = max(0, min(newTokens.count - 1, tokens.count))
        let common =
            (0..<limit).first { position in
                tokens[position] != newTokens[position]
                    || intervention.bias(at: position) != newIntervention.bias(at: position)
                    || zip(regions, newRegions).contains { $0.weight(at: position) != $1.weight(at: position) }
            } ?? limit
        return resumption(common)
    }
}
