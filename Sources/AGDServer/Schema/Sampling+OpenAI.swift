import AttributionGuidedDecoding

extension Sampling.Options {
    /// OpenAI's: draws from all tokens as the model expects them.
    static var openAI: Sampling.Options {
        var options = Sampling.Options()
        (options.temperature, options.topK, options.topP, options.minP) = (1, 0, 1, 0)
        return options
    }
}
