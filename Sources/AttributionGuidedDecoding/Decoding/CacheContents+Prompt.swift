extension CacheContents {
    /// Leading tokens of `prompt` that needn't be read again for a strategy; 0 where the caches can't serve it.
    public func reusableCount(of prompt: Prompt, for strategy: any DecodingStrategy) -> Int {
        let needs = strategy.needs
        return reusableCount(
            of: prompt.tokens, regions: needs.regions, rule: needs.rule, intervention: needs.intervention) ?? 0
    }
}
