import Foundation
import TensorGraph

/// What the model expects as the next token.
public struct Distribution: Sendable {
    /// `[vocabularySize]`, before softmax.
    public let logits: [Float]
    /// `[vocabularySize]`, softmax of the logits.
    public let probabilities: [Float]
    /// Entropy in nats, over the whole vocabulary.
    public let entropy: Double
    /// The most probable token; among equals the one with the smallest id.
    public let mostProbable: Int

    /// log Z = log of the sum of exp(logit).
    private let logPartition: Double

    package init(logits: [Float], probabilities: [Float]) {
        self.logits = logits
        self.probabilities = probabilities
        // H = log Z - sum p z, and log Z = z - log p for any token; the likeliest is the best conditioned.
        mostProbable = logits.indicesOfLargest(1).first ?? 0
        logPartition = Double(logits[mostProbable]) - log(Double(probabilities[mostProbable]))
        entropy = max(0, logPartition - Self.expectation(of: logits, under: probabilities))
    }

    /// The same without some tokens: they have no probability, and a logit below any other.
    package func without(_ tokens: [Int]) -> Distribution {
        guard !tokens.isEmpty else { return self }
        return edited { logits in
            for token in tokens where logits.indices.contains(token) { logits[token] = Self.impossible }
        }
    }

    /// The logit of a token that has no probability, and must not be chosen.
    package static let impossible = -Float.greatestFiniteMagnitude

    /// Whether a token may be chosen at all.
    package func isPossible(_ token: Int) -> Bool { logits[token] != Self.impossible }

    /// What follows from other logits.
    package func edited(_ edit: (inout [Float]) throws -> Void) rethrows -> Distribution {
        var logits = logits
        try edit(&logits)
        let top = Double(logits[logits.indexOfMaximum])
        let weights = logits.map { exp(Double($0) - top) }
        let sum = weights.reduce(0, +)
        return Distribution(logits: logits, probabilities: weights.map { Float($0 / sum) })
    }

    private static func expectation(of values: [Float], under probabilities: [Float]) -> Double {
        var sums = SIMD4<Double>.zero
        let whole = values.count / 4 * 4
        for index in stride(from: 0, to: whole, by: 4) {
            let value = SIMD4<Double>(SIMD4(values[index], values[index + 1], values[index + 2], values[index + 3]))
            let weight = SIMD4<Double>(
                SIMD4(
                    probabilities[index], probabilities[index + 1], probabilities[index + 2], probabilities[index + 3]))
            sums += value * weight
        }
        return (whole..<values.count).reduce(sums.sum()) { $0 + Double(values[$1]) * Double(probabilities[$1]) }
    }

    /// Natural logarithm of a token's probability: the logarithm of a rounded probability would be worse.
    public func logProbability(of token: Int) -> Double { Double(logits[token]) - logPartition }

    /// The AGD candidate set: of the `count` most probable tokens those with at least `minimumProbability`, by falling
    /// probability (Komorowski et al., arXiv 2509.26307, section 3). It may be empty.
    public func candidates(count: Int, minimumProbability: Double) -> [(token: Int, probability: Double)] {
        mostProbable(count).map { ($0, Double(probabilities[$0])) }.filter {
            $0.probability >= minimumProbability && isPossible($0.token)
        }
    }

    /// The `count` most probable tokens, by falling probability; among equals the smaller id comes first.
    public func mostProbable(_ count: Int) -> [Int] {
        guard count > 0 else { return [] }
        if count >= logits.count / 8 {
            return Array(
                logits.indices.sorted { logits[$0] != logits[$1] ? logits[$0] > logits[$1] : $0 < $1 }.prefix(count))
        }
        return logits.indicesOfLargest(count)
    }
}
