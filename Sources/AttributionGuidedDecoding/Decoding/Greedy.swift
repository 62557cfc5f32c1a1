/// Takes the most probable token.
public struct Greedy: DecodingStrategy {
    public let name = "greedy"
    private let candidates: CandidateRule

    /// - Parameter candidates: which tokens are reported beside the chosen one.
    public init(candidates: CandidateRule = CandidateRule()) { self.candidates = candidates }

    public mutating func choose(_ context: borrowing DecodingContext) -> Choice {
        Choice(
            token: context.distribution.mostProbable, guided: false,
            candidates: candidates.candidates(context.distribution))
    }
}
