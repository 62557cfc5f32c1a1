extension CacheContents {
    /// Leading tokens of `prompt` that needn't be read again for a strategy; 0 where the caches can't serve it.
    public func reusableCount(of prompt: Prompt, for strategy: any DecodingStrategy) -> Int {
        reusableCount(of: prompt.tokens, regions: strategy.regions, rule: strategy.rule) ?? 0
    }
}
