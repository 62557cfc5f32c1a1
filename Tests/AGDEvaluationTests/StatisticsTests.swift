import Testing

@testable import AGDEvaluation

@Suite("Statistics")
struct StatisticsTests {
    @Test("Wilson's interval has its textbook values")
    func wilson() throws {
        let all = try #require(Interval.wilson(successes: 10, trials: 10))
        #expect(abs(all.lower - 0.722467) < 1e-6 && all.upper == 1)
        let half = try #require(Interval.wilson(successes: 50, trials: 100))
        #expect(abs(half.lower - 0.403832) < 1e-6 && abs(half.upper - 0.596168) < 1e-6)
        #expect(Interval.wilson(successes: 0, trials: 0) == nil)
        #expect(Interval.wilson(successes: 3, trials: 2) == nil)
    }

    @Test("Wilson's interval holds the proportion, within 0...1, and mirrors")
    func wilsonProperties() throws {
        for trials in 1...30 {
            for successes in 0...trials {
                let interval = try #require(Interval.wilson(successes: successes, trials: trials))
                let mirrored = try #require(Interval.wilson(successes: trials - successes, trials: trials))
                let share = Double(successes) / Double(trials)
                #expect(
                    0 <= interval.lower && interval.lower <= share && share <= interval.upper && interval.upper <= 1)
                #expect(abs(interval.lower - (1 - mirrored.upper)) < 1e-12)
            }
        }
    }

    @Test("the bootstrap interval repeats with its seed and nears the normal one")
    func bootstrap() throws {
        let values = (0..<400).map { Double($0 % 2) }
        let interval = try #require(Interval.bootstrapMean(values, resamples: 2000, seed: 1))
        #expect(interval == Interval.bootstrapMean(values, resamples: 2000, seed: 1))
        #expect(interval != Interval.bootstrapMean(values, resamples: 2000, seed: 2))
        #expect(abs(interval.lower - 0.451) < 0.01 && abs(interval.upper - 0.549) < 0.01)
        #expect(Interval.bootstrapMean([2, 2, 2], resamples: 50) == Interval(lower: 2, upper: 2))
        #expect(Interval.bootstrapMean([]) == nil)
    }

    @Test("McNemar's test is the binomial one")
    func mcNemar() {
        #expect(abs(PairedComparison.mcNemar(onlyFirst: 1, onlySecond: 9) - 22.0 / 1024) < 1e-12)
        #expect(abs(PairedComparison.mcNemar(onlyFirst: 0, onlySecond: 5) - 2.0 / 32) < 1e-12)
        #expect(PairedComparison.mcNemar(onlyFirst: 4, onlySecond: 4) == 1)
        #expect(PairedComparison.mcNemar(onlyFirst: 0, onlySecond: 0) == 1)
        #expect(PairedComparison.mcNemar(onlyFirst: 300, onlySecond: 2000) < 1e-100)
        #expect(PairedComparison.mcNemar(first: [true, true], second: [true, false]) == 1)
        #expect(PairedComparison.mcNemar(first: [true], second: []) == nil)
    }

    @Test("the permutation test agrees with counting every swap")
    func permutation() throws {
        let first: [Double] = [5, 4, 6, 7, 3, 8]
        let second: [Double] = [3, 4, 5, 3, 2, 9]
        let differences = zip(first, second).map { $0 - $1 }
        let observed = abs(differences.reduce(0, +))
        let asLarge = (0..<64).count { mask in
            abs(differences.enumerated().reduce(0) { $0 + (mask >> $1.offset & 1 == 1 ? $1.element : -$1.element) })
                >= observed
        }
        let p = try #require(PairedComparison.permutation(first: first, second: second, resamples: 20_000, seed: 3))
        #expect(abs(p - Double(asLarge) / 64) < 0.015)
        #expect(PairedComparison.permutation(first: first, second: first) == 1)
    }

    @Test("the interval of a difference changes sign with the order of the methods")
    func difference() throws {
        let first = (0..<50).map { Double($0 % 7) }
        let second = (0..<50).map { Double($0 % 5) }
        let forward = try #require(PairedComparison.bootstrapDifference(first: first, second: second, resamples: 501))
        let backward = try #require(PairedComparison.bootstrapDifference(first: second, second: first, resamples: 501))
        #expect(abs(forward.lower + backward.upper) < 1e-12 && abs(forward.upper + backward.lower) < 1e-12)
    }
}
