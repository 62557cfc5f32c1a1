import AttributionGuidedDecoding

/// The percentile bootstrap (Efron, *Bootstrap Methods*, Annals of Statistics 7:1, 1979).
package enum Bootstrap {
    /// The interval that holds a share of `confidence` of a statistic's values over resamples of the items. The same items
    /// and seed give the same interval.
    /// - Parameters:
    ///   - count: of items.
    ///   - statistic: of the items with these indices, as many as there are items.
    /// - Returns: nil without items, resamples, or a confidence within 0..<1.
    package static func interval(
        count: Int, confidence: Double = 0.95, resamples: Int, seed: UInt64, statistic: ([Int]) -> Double
    ) -> (lower: Double, upper: Double)? {
        guard count > 0, resamples > 0, (0..<1).contains(confidence) else { return nil }
        var generator = SeededGenerator(seed: seed)
        let values = (0..<resamples).map { _ in statistic(resample(count, &generator)) }.sorted()
        let cut = Int((1 - confidence) / 2 * Double(resamples - 1))
        return (values[cut], values[resamples - 1 - cut])
    }

    /// As many items as there are, drawn with replacement.
    static func resample(_ count: Int, _ generator: inout SeededGenerator) -> [Int] {
        (0..<count).map { _ in min(count - 1, Int(generator.nextUniform() * Double(count))) }
    }
}
