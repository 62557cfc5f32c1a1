import AGDInsight
import AttributionGuidedDecoding
import Foundation

/// How far scores merely follow the model: the correlation (Pearson's) of score and logit over the candidates of a step,
/// averaged over steps. 1 says that the score ranks as greedy decoding does; with two candidates it is 1 or -1.
public struct CandidateCorrelation: Codable, Hashable, Sendable {
    /// Steps with two or more candidates that differ in logit and in relevance.
    public private(set) var steps = 0
    /// Sum over steps of the correlation of S(c, R), the region's relevance, with the logit.
    public private(set) var relevance = 0.0
    /// The same of what candidates were ranked by.
    public private(set) var score = 0.0

    init() {}

    /// With one more step.
    func adding(_ candidates: [Candidate]) -> CandidateCorrelation {
        // Differences of logits are differences of log-probabilities.
        let scored = candidates.filter { $0.relevance != nil && $0.score != nil && $0.probability > 0 }
        let logits = scored.map { log($0.probability) }
        guard let relevance = Correlation.pearson(logits, scored.compactMap(\.relevance)),
            let score = Correlation.pearson(logits, scored.compactMap(\.score))
        else { return self }
        var sum = self
        sum.steps += 1
        sum.relevance += relevance
        sum.score += score
        return sum
    }

    static func + (a: CandidateCorrelation, b: CandidateCorrelation) -> CandidateCorrelation {
        var sum = a
        sum.steps += b.steps
        sum.relevance += b.relevance
        sum.score += b.score
        return sum
    }
}
