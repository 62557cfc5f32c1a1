/// A strategy that decides by a distribution of its own, from which guidance can take its candidates; see ``ProposalGuided``.
public protocol ProposingStrategy: DecodingStrategy {
    /// The settings by which command lines, requests and run files name it.
    associatedtype Settings: Hashable, Sendable

    /// What the strategy finds how likely to follow. It is asked once for each token in place of `choose`.
    /// - Throws: as `choose`.
    mutating func proposal(_ context: borrowing DecodingContext) throws -> Distribution
}

/// Guidance among what another strategy proposes: the candidates, and where the model is sure the token, are that strategy's
/// instead of the model's own; of the candidates the one is taken that draws most on the region, as in ``AttributionGuided``.
///
/// Selection can't take what is not among the candidates, which the paper (arXiv 2509.26307) names as its method's limitation.
/// ``ContextAware`` and ``InstructionHierarchy`` lift what a part of the prompt makes likelier, ``AttentionBoost`` has the model
/// attend to it, and none of them asks whether a token rests on it.
public struct ProposalGuided<Proposer: ProposingStrategy>: DecodingStrategy {
    public var name: String { "agd-\(proposer.name)" }
    /// What proposes, in the state that it has reached.
    public private(set) var proposer: Proposer
    private let guided: AttributionGuided

    /// - Parameters:
    ///   - guided: region, rule, score, candidate rule and gate. The gate looks at the model's own entropy, candidates are by
    ///     the proposer's probabilities.
    ///   - proposer: what proposes candidates.
    public init(_ guided: AttributionGuided, among proposer: Proposer) {
        (self.guided, self.proposer) = (guided, proposer)
    }

    public var needs: StrategyNeeds {
        let (relevance, proposal) = (guided.needs, proposer.needs)
        return StrategyNeeds(
            regions: relevance.regions, rule: relevance.rule, tangents: relevance.tangents,
            generated: relevance.generated, earlyLayers: proposal.earlyLayers, intervention: proposal.intervention,
            rereads: proposal.rereads, companions: proposal.companions)
    }

    public mutating func choose(_ context: borrowing DecodingContext) throws -> Choice {
        let proposed = try proposer.proposal(context)
        return try guided.choice(context, among: proposed)
    }
}
