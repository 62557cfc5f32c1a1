import AttributionGuidedDecoding

/// A mean with its 95 % interval, from bootstrap resamples of the items it was taken over.
public struct Estimate: Sendable, Encodable {
    /// The mean, and where its interval begins and ends.
    public var mean, low, high: Double

    /// - Parameters:
    ///   - values: one for each item.
    ///   - resamples: the percentile bootstrap's number of resamples.
    public init(_ values: [Double], resamples: Int = 1000, seed: UInt64 = 0) {
        self.init(count: values.count, resamples: resamples, seed: seed) { items in
            items.isEmpty ? 0 : items.reduce(0) { $0 + values[$1] } / Double(items.count)
        }
    }

    /// - Parameter statistic: of the items with these indices.
    init(count: Int, resamples: Int = 1000, seed: UInt64 = 0, statistic: ([Int]) -> Double) {
        mean = statistic(Array(0..<count))
        let interval = Bootstrap.interval(count: count, resamples: resamples, seed: seed, statistic: statistic)
        low = interval?.lower ?? mean
        high = interval?.upper ?? mean
    }
}
