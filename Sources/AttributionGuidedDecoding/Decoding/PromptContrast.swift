import Foundation

/// What a model expects after a prompt and after another that lacks something, completed by the same tokens: what the
/// methods share that contrast the two.
struct PromptContrast {
    let with, without: Distribution

    /// - Throws: ``GenerationError/invalid(field:problem:)`` where nothing is known of the second prompt.
    init(_ context: borrowing DecodingContext, for strategy: String) throws {
        guard let without = context.companions.first else {
            throw GenerationError.invalid(field: strategy, problem: "needs what follows the prompt without the region")
        }
        (with, self.without) = (context.distribution, without)
    }

    /// `[vocabularySize]`, `(1 + alpha) * logits(with) - alpha * logits(without)`.
    func logits(alpha: Double) -> [Double] {
        with.logits.indices.map { (1 + alpha) * Double(with.logits[$0]) - alpha * Double(without.logits[$0]) }
    }

    /// The softmax of these logits. A token that must not be chosen stays impossible.
    func distribution(alpha: Double) -> Distribution {
        let contrast = self.logits(alpha: alpha)
        return with.edited { logits in
            for token in logits.indices where with.isPossible(token) { logits[token] = Float(contrast[token]) }
        }
    }

    /// The Jensen-Shannon divergence of the two distributions, in nats: from 0 to log 2.
    var divergence: Double { with.divergence(from: without) }

    /// The token with the largest score, and the candidates with theirs.
    func choice(_ scores: [Double], _ candidates: CandidateRule) -> Choice {
        let best = scores.indexOfMaximum
        return Choice(token: best, guided: true, candidates: candidates.candidates(with, scores, including: best))
    }
}

extension Distribution {
    /// The Jensen-Shannon divergence of two distributions, in nats: from 0 to log 2.
    func divergence(from other: Distribution) -> Double {
        zip(probabilities, other.probabilities).reduce(0) { sum, pair in
            let (p, q) = (Double(pair.0), Double(pair.1))
            let mean = (p + q) / 2
            func term(_ x: Double) -> Double { x > 0 ? x * log(x / mean) / 2 : 0 }
            return sum + term(p) + term(q)
        }
    }
}
