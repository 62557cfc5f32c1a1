import Foundation

/// CoCoA (confidence- and context-aware adaptive decoding; Khandelwal et al., EMNLP 2025, arXiv 2508.17670), as its authors'
/// published code decides (github.com/infusion-zero-edit/CoCoA): the largest
/// `(log p + log q) / 2 + gamma (log p - log q) + log(1 - f / 2)`, with p and q the probabilities with and without the region
/// and f the token's share of the reply so far.
///
/// The paper's own weight, of a Rényi divergence, an entropy gap and the margin of the likeliest token, stands in that code but is set
/// to one half; its steps that don't change which token is the largest are left out here, and so is its bar on ends
/// before the fifth token.
public struct ConfidenceContextAware: DecodingStrategy {
    public let name = "cocoa"
    /// Weight of the contrast; the authors' is 1.
    public let gamma: Double
    private let promptWithout: Prompt
    private let candidates: CandidateRule
    /// How often each token stands in the reply.
    private var counts: [Int: Int] = [:]
    private var length = 0

    /// - Parameters:
    ///   - promptWithout: the prompt that is completed, without the region; see ``LanguageModel/prompt(_:_:of:)``.
    ///   - gamma: weight of the contrast.
    ///   - candidates: which tokens are reported beside the one chosen.
    public init(without promptWithout: Prompt, gamma: Double = 1, candidates: CandidateRule = CandidateRule()) {
        self.promptWithout = promptWithout
        self.gamma = gamma
        self.candidates = candidates
    }

    public var needs: StrategyNeeds { StrategyNeeds(companions: [CompanionSequence(promptWithout)]) }

    public mutating func choose(_ context: borrowing DecodingContext) throws -> Choice {
        let contrast = try PromptContrast(context, for: name)
        // Constants that both partitions add don't change the order.
        var scores = contrast.logits(alpha: gamma - 0.5)
        for (token, count) in counts { scores[token] += log(1 - 0.5 * Double(count) / Double(length)) }
        let choice = contrast.choice(scores, candidates)
        counts[choice.token, default: 0] += 1
        length += 1
        return choice
    }
}
