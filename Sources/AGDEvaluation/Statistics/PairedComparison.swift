import AttributionGuidedDecoding
import Foundation

/// Two methods on the same items.
public enum PairedComparison {
    /// McNemar's test, exact: how likely is so uneven a split of the items that only one method gets right, if both are
    /// equally good? (McNemar, Psychometrika 12:2, 1947; the binomial form.)
    ///
    ///     PairedComparison.mcNemar(onlyFirst: 1, onlySecond: 9)       // 0.0215
    ///
    /// - Returns: the two-sided p-value; 1 when the methods never differ.
    public static func mcNemar(onlyFirst: Int, onlySecond: Int) -> Double {
        let fewer = min(onlyFirst, onlySecond)
        let differing = onlyFirst + onlySecond
        guard fewer >= 0, differing > 0, onlyFirst != onlySecond else { return 1 }
        // In logarithms: binomial coefficients of a thousand items overflow.
        let n = Double(differing)
        var tail = 0.0
        for k in 0...fewer {
            let logBinomial = lgamma(n + 1) - lgamma(Double(k) + 1) - lgamma(n - Double(k) + 1)
            tail += exp(logBinomial - n * log(2))
        }
        return min(1, 2 * tail)
    }

    /// McNemar's test on verdicts.
    ///
    /// - Returns: nil unless there are as many verdicts of one method as of the other, and some.
    public static func mcNemar(first: [Bool], second: [Bool]) -> Double? {
        guard first.count == second.count, !first.isEmpty else { return nil }
        let pairs = zip(first, second)
        return mcNemar(onlyFirst: pairs.count { $0 && !$1 }, onlySecond: pairs.count { !$0 && $1 })
    }

    /// The permutation test on the mean difference: how often is it as large when each pair is swapped by a coin?
    /// (Fisher 1935; Pitman 1937.)
    ///
    /// - Returns: the two-sided p-value with the observed split counted, so never 0; nil unless there are as many
    ///   scores of one method as of the other, and some.
    public static func permutation(
        first: [Double], second: [Double], resamples: Int = 10_000, seed: UInt64 = 0
    ) -> Double? {
        guard first.count == second.count, !first.isEmpty, resamples > 0 else { return nil }
        let differences = zip(first, second).map { $0 - $1 }
        let observed = abs(differences.reduce(0, +))
        var generator = SeededGenerator(seed: seed)
        var asLarge = 1
        for _ in 0..<resamples {
            let sum = differences.reduce(0) { $0 + (Bool.random(using: &generator) ? $1 : -$1) }
            // Sums in another order differ in the last bits.
            if abs(sum) >= observed - 1e-12 * max(1, observed) { asLarge += 1 }
        }
        return Double(asLarge) / Double(resamples + 1)
    }

    /// The bootstrap interval of the mean difference, first minus second.
    ///
    /// - Returns: nil unless there are as many scores of one method as of the other, and some.
    public static func bootstrapDifference(
        first: [Double], second: [Double], confidence: Double = 0.95, resamples: Int = 10_000, seed: UInt64 = 0
    ) -> Interval? {
        guard first.count == second.count else { return nil }
        return Interval.bootstrapMean(
            zip(first, second).map { $0 - $1 }, confidence: confidence, resamples: resamples, seed: seed)
    }
}
