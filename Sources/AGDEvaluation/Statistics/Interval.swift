import AGDInsight

/// A confidence interval.
public struct Interval: Hashable, Sendable {
    /// Where it begins.
    public var lower: Double
    /// Where it ends.
    public var upper: Double

    /// From one end to the other.
    public init(lower: Double, upper: Double) {
        self.lower = lower
        self.upper = upper
    }

    /// Wilson's score interval for a proportion (Wilson, *Probable Inference*, JASA 22:158, 1927). It stays within
    /// 0...1 and is sound for few trials and for extreme proportions, where the normal interval isn't.
    ///
    ///     Interval.wilson(successes: 10, trials: 10)      // 0.722...1
    ///
    /// - Parameter z: standard normal quantile; 1.96 gives 95 %.
    /// - Returns: nil without trials, or for counts that are no counts.
    public static func wilson(successes: Int, trials: Int, z: Double = 1.959963984540054) -> Interval? {
        guard trials > 0, (0...trials).contains(successes) else { return nil }
        let n = Double(trials)
        let p = Double(successes) / n
        let centre = (p + z * z / (2 * n)) / (1 + z * z / n)
        let halfWidth = z / (1 + z * z / n) * (p * (1 - p) / n + z * z / (4 * n * n)).squareRoot()
        return Interval(
            lower: successes == 0 ? 0 : centre - halfWidth, upper: successes == trials ? 1 : centre + halfWidth)
    }

    /// The percentile bootstrap interval of a mean (Efron, *Bootstrap Methods*, Annals of Statistics 7:1, 1979).
    ///
    /// The same values and seed give the same interval. Time: `resamples` passes over the values.
    ///
    /// - Returns: nil without values, resamples, or a confidence within 0..<1.
    public static func bootstrapMean(
        _ values: [Double], confidence: Double = 0.95, resamples: Int = 10_000, seed: UInt64 = 0
    ) -> Interval? {
        Bootstrap.interval(count: values.count, confidence: confidence, resamples: resamples, seed: seed) { items in
            items.reduce(0) { $0 + values[$1] } / Double(items.count)
        }.map { Interval(lower: $0.lower, upper: $0.upper) }
    }
}
