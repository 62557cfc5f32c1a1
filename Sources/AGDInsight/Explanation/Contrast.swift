import AttributionGuidedDecoding
import Foundation

/// The signal that a region sends about each candidate, layer by layer (Komorowski et al., arXiv 2509.26307, section 4.3):
/// does a prohibition carry more relevance for the forbidden word than for the others, or less?
public struct Contrast: Sendable, Encodable {
    /// A candidate of a step, with what the region says about it.
    public struct Candidate: Sendable, Encodable {
        /// The token.
        public var id: Int
        /// The token as text.
        public var text: String
        /// Where the text can't be exact.
        public var bytes: [UInt8]?
        /// The model's, over the whole vocabulary, and its logit.
        public var probability, logit: Double
        /// S(c, R).
        public var relevance: Double
        /// `relevance` as a share of the relevance of all tokens.
        public var share: Double
        /// Relevance of the residual stream at the region's tokens, at each layer's input and after the last.
        public var byLayer: [Double]
        /// Whether it is the token that was chosen.
        public var isChosen: Bool
    }

    /// A step with its candidates.
    public struct Step: Sendable, Encodable {
        /// The number of tokens before it.
        public var position: Int
        /// Of the distribution it was chosen from, in nats.
        public var entropy: Double
        /// By falling probability.
        public var candidates: [Candidate]
    }

    /// How relevance propagated.
    public var rule: String
    /// The steps that were compared.
    public var steps: [Step]

    /// - Parameters:
    ///   - isCompared: which steps are; by default all that had more than one candidate.
    ///   - progress: called with the fraction that is done; it may throw to stop.
    /// - Throws: ``TensorGraphError`` and ``AttributionError``, where relevance can't be computed; what `progress` throws.
    public init(
        _ steps: [GenerationStep], after prompt: Prompt, region: RegionOfInterest, rule: PropagationRule,
        model: LanguageModel, where isCompared: (GenerationStep) -> Bool = { $0.choice.candidates.count > 1 },
        options: ReverseAttribution.Options = ReverseAttribution.Options(), progress: (Double) throws -> Void = { _ in }
    ) throws {
        let ids = prompt.tokens + steps.map(\.token)
        let contested = steps.filter(isCompared)
        let reading = try ReverseAttribution(model, tokens: Array(ids.dropLast()), options: options) {
            try progress($0 * 0.2)
        }
        let targets = contested.flatMap { step in
            step.choice.candidates.map { AttributionTarget(token: $0.id, position: step.position - 1) }
        }
        var attributions = try reading.attribute(targets, rule: rule, inside: .init(for: [region])) {
            try progress(0.2 + $0 * 0.8)
        }[...]
        self.rule = rule.name
        self.steps = contested.map { step in
            let candidates = step.choice.candidates.map { candidate in
                let attribution = attributions.removeFirst()
                let relevance = attribution.relevance(of: region)
                let total = attribution.tokens.reduce(0, +)
                return Candidate(
                    id: candidate.id, text: model.tokenizer?.text(of: candidate.id) ?? "\(candidate.id)",
                    bytes: model.tokenizer?.inexactBytes(of: candidate.id), probability: candidate.probability,
                    logit: attribution.logit, relevance: relevance,
                    share: total == 0 ? 0 : relevance / total,
                    byLayer: attribution.residualStream.map { layer in
                        region.tokens.reduce(0) { $0 + $1.value * layer[$1.key] }
                    },
                    isChosen: candidate.id == step.token)
            }
            return Step(position: step.position, entropy: step.entropy, candidates: candidates)
        }
    }

    /// A table for each step.
    public var text: String {
        if steps.isEmpty { return "No step had more than one candidate.\n" }
        return steps.map { step in
            let rows = step.candidates.map { candidate in
                let layers = candidate.byLayer.map { $0.fourDigits }.joined(separator: " ")
                return
                    "  \(candidate.isChosen ? "▸" : " ") \(Explanation.visible(candidate.text))  p \(candidate.probability.fourDigits)"
                    + "  logit \(candidate.logit.fourDigits)  relevance \(candidate.relevance.fourDigits)"
                    + "  share \((100 * candidate.share).fourDigits) %\n      by layer: \(layers)\n"
            }
            return "position \(step.position), entropy \(step.entropy.fourDigits) nats\n" + rows.joined()
        }.joined(separator: "\n")
    }
}
