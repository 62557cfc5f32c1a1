import Foundation

/// IHDec (Liu et al., arXiv 2606.29960), as its authors' code decides (github.com/nxcolelxu/IHDec): where a role of lower rank says more
/// about the next token than one above it, what it says is taken away in favour of what the higher one says.
///
/// How much a role says is the Jensen-Shannon divergence of what the model expects and what it expects where no position sees the role's
/// messages. Of each role H, and the set L of lower ones that say more, `log p(without L) - log p(without H)`; their sum, at length 1,
/// times `beta * decay^t` is added to the log-probabilities of token t. Hidden are the messages' contents; the authors hide what the chat
/// template writes around them too.
public struct InstructionHierarchy: ProposingStrategy {
    /// Who says a message, by falling rank.
    public enum Role: String, Sendable, CaseIterable {
        /// Outranks the others.
        case system
        /// Outranks the assistant's earlier answers.
        case user
        /// Earlier answers.
        case assistant
    }

    public let name = "ihdec"
    /// Length of what is added to the log-probabilities of the first token.
    public let beta: Double
    /// Its share that is left from one token to the next.
    public let decay: Double
    /// Positions of the prompt that each role says.
    public let positions: [Role: [Int]]
    private let prompt: Prompt
    private let candidates: CandidateRule
    /// What each companion lacks.
    private let hidden: [Set<Role>]
    private var step = 0

    /// The authors' length, for vocabularies of some 130000 tokens. What a single token gets of it falls with the root of their number.
    public static let standardBeta = 1300.0
    /// The authors' decay.
    public static let standardDecay = 0.97

    /// - Parameters:
    ///   - prompt: what is completed.
    ///   - positions: of each role that has any; see ``LanguageModel/rolePositions(of:)``.
    ///   - beta: length of what is added; 0 is greedy.
    ///   - decay: its share that is left from one token to the next.
    ///   - candidates: which tokens are reported beside the one chosen.
    public init(
        _ prompt: Prompt, positions: [Role: [Int]], beta: Double = standardBeta, decay: Double = standardDecay,
        candidates: CandidateRule = CandidateRule()
    ) {
        (self.prompt, self.positions, self.beta, self.decay) = (prompt, positions, beta, decay)
        self.candidates = candidates
        let roles = Role.allCases.filter { positions[$0] != nil }
        hidden = roles.map { [$0] } + (roles.count == 3 ? [[.user, .assistant]] : [])
    }

    public var needs: StrategyNeeds {
        StrategyNeeds(
            companions: hidden.map { roles in
                CompanionSequence(prompt, under: .hiding(roles.flatMap { positions[$0] ?? [] }))
            })
    }

    public mutating func choose(_ context: borrowing DecodingContext) throws -> Choice {
        let distribution = context.distribution
        guard let scores = try correctedScores(context) else {
            return Choice(
                token: distribution.mostProbable, guided: false, candidates: candidates.candidates(distribution))
        }
        let best = scores.indexOfMaximum
        return Choice(
            token: best, guided: true, candidates: candidates.candidates(distribution, scores, including: best))
    }

    /// The corrected distribution; the model's own where no role outweighs one above it.
    /// - Throws: ``GenerationError/invalid(field:problem:)`` where nothing is known of the prompt without each role.
    public mutating func proposal(_ context: borrowing DecodingContext) throws -> Distribution {
        let distribution = context.distribution
        guard let scores = try correctedScores(context) else { return distribution }
        return distribution.edited { logits in
            for token in logits.indices where distribution.isPossible(token) { logits[token] = Float(scores[token]) }
        }
    }

    /// `[vocabularySize]`, log-probabilities and what is added to them; nil where nothing is. Each call is a step.
    private mutating func correctedScores(_ context: borrowing DecodingContext) throws -> [Double]? {
        guard context.companions.count == hidden.count else {
            throw GenerationError.invalid(field: name, problem: "needs what follows the prompt without each role")
        }
        defer { step += 1 }
        let distribution = context.distribution
        let without = Dictionary(uniqueKeysWithValues: zip(hidden, context.companions))
        guard let direction = Self.direction(distribution, without) else { return nil }
        let length = beta * pow(decay, Double(step))
        return direction.indices.map { distribution.logProbability(of: $0) + length * direction[$0] }
    }

    /// `[vocabularySize]`, of length 1: from what lower roles say to what those above them say; nil where none says more than those.
    static func direction(_ all: Distribution, _ without: [Set<Role>: Distribution]) -> [Double]? {
        let influence = without.filter { $0.key.count == 1 }.mapValues { all.divergence(from: $0) }
        let roles = Role.allCases.filter { influence[[$0]] != nil }
        var sum = [Double](repeating: 0, count: all.logits.count)
        var isViolated = false
        for (rank, role) in roles.enumerated() {
            let louder = roles[(rank + 1)...].filter { (influence[[$0]] ?? 0) > (influence[[role]] ?? 0) }
            guard !louder.isEmpty, let withoutLouder = without[Set(louder)], let withoutRole = without[[role]] else {
                continue
            }
            isViolated = true
            for token in sum.indices {
                sum[token] += withoutLouder.logProbability(of: token) - withoutRole.logProbability(of: token)
            }
            // Where both lower roles say more than the highest, their own order counts no more.
            if louder.count > 1 { break }
        }
        let length = sum.reduce(0) { $0 + $1 * $1 }.squareRoot()
        return isViolated ? sum.map { $0 / (length + 1e-8) } : nil
    }
}

extension LanguageModel {
    /// The positions of what each role says in a conversation: of its messages' contents, for roles that say something.
    /// - Throws: ``PromptError/noHierarchy`` where fewer than two roles say something, ``RegionError``.
    public func rolePositions(of prompt: Prompt) throws -> [InstructionHierarchy.Role: [Int]] {
        var positions: [InstructionHierarchy.Role: [Int]] = [:]
        for role in InstructionHierarchy.Role.allCases {
            let speaks = prompt.messages.contains {
                $0.role == role.rawValue && $0.contentSpans.contains { !$0.isEmpty }
            }
            if speaks { positions[role] = try prompt.region(role.rawValue).tokens.keys.sorted() }
        }
        guard positions.count > 1 else { throw PromptError.noHierarchy }
        return positions
    }
}
