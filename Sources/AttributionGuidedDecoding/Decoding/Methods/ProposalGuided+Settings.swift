extension ProposalGuided {
    /// The settings of guidance among what a method proposes: the guidance's, and that method's.
    public struct Settings: Hashable, Sendable {
        /// Rule, score and gate.
        public var guidance: Guidance
        /// What counts as likely by what is proposed.
        public var candidates: CandidateRule
        /// What proposes.
        public var proposer: Proposer.Settings
        /// What a token counts as once it is chosen.
        public var generated: GeneratedTokens
        /// When tangents are computed.
        public var tangents: TangentSchedule

        /// Settings, each but the proposer's at its standard unless it is given.
        public init(
            _ guidance: Guidance = Guidance(), among proposer: Proposer.Settings,
            candidates: CandidateRule = CandidateRule(), generated: GeneratedTokens = .outside,
            tangents: TangentSchedule = .withEachStep
        ) {
            (self.guidance, self.proposer, self.candidates) = (guidance, proposer, candidates)
            (self.generated, self.tangents) = (generated, tangents)
        }
    }
}

extension ProposalGuided.Settings: DecodingSettings, GuidedSettings, CandidateSettings
where Proposer.Settings: ProposingSettings<Proposer> {
    static var name: String { "agd-\(Proposer.Settings.name)" }
    static var standard: Self { Self(among: .standardProposal) }
    static var options: [DecodingSetting<Self>] {
        DecodingSetting.guidance + DecodingSetting.candidates
            + [.generated(\.generated), .tangents(\.tangents)]
            + Proposer.Settings.options.map { $0.within(\.proposer) }
    }

    /// Those that a strategy tells of, and the proposer's choice.
    var candidateCount: Int { candidates.count + 1 }

    func strategy(
        for marked: MarkedPrompt, _ model: LanguageModel, reverse: ReverseAttribution.Options
    ) throws -> any DecodingStrategy {
        ProposalGuided(
            guidance.strategy(to: marked.region, candidates, tangents, generated: generated),
            among: try proposer.proposer(for: marked, model))
    }
}
