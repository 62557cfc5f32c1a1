import AttributionGuidedDecoding

/// A mean with its 95 % interval, from bootstrap resamples of the items it was taken over.
public struct Estimate: Sendable, Encodable {
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
        var generator = SeededGenerator(seed: seed)
        let values = (0..<resamples).map { _ in statistic(Bootstrap.resample(count, &generator)) }.sorted()
        low = count > 1 && resamples > 0 ? values[resamples * 25 / 1000] : mean
        high = count > 1 && resamples > 0 ? values[min(resamples - 1, resamples * 975 / 1000)] : mean
    }
}

enum Bootstrap {
    /// As many items as there are, drawn with replacement.
    static func resample(_ count: Int, _ generator: inout SeededGenerator) -> [Int] {
        (0..<count).map { _ in min(count - 1, Int(generator.nextUniform() * Double(count))) }
    }
}
