/// Attribution-guided decoding as its paper does it (Komorowski et al., arXiv 2509.26307): relevance is sent back through
/// the whole sequence, once for each candidate, at every step. It chooses the tokens of ``AttributionGuided``, at many times the
/// price, and is here so that both can be measured side by side.
///
/// The candidates' backward passes run side by side as far as memory allows, which makes them cheaper than k single ones.
public struct ReverseGuided: DecodingStrategy {
    public let name = "agd-reverse"
    private let guided: AttributionGuided
    private let model: LanguageModel
    private let options: ReverseAttribution.Options

    /// - Parameters:
    ///   - guided: the strategy whose choices are to be made.
    ///   - model: the model that generates.
    ///   - options: of the backward passes.
    public init(
        _ guided: AttributionGuided, model: LanguageModel,
        options: ReverseAttribution.Options = ReverseAttribution.Options()
    ) {
        self.guided = guided
        self.model = model
        self.options = options
    }

    /// No lanes: relevance is sent back when it is asked for.
    public var needs: StrategyNeeds {
        var needs = guided.needs
        needs.regions = []
        return needs
    }

    public mutating func choose(_ context: borrowing DecodingContext) throws -> Choice {
        var guided = guided
        let (tokens, model, options) = (context.tokens, model, options)
        let (regions, rule) = (guided.needs.regions, guided.rule)
        return try guided.choose(
            DecodingContext(distribution: context.distribution, tokens: tokens) { candidates in
                let targets = candidates.map { AttributionTarget(token: $0, position: tokens.count - 1) }
                let stop = { (_: Double) in try Task.checkCancellation() }
                let attributions = try ReverseAttribution(model, tokens: tokens, options: options, progress: stop)
                    .attribute(targets, rule: rule, inside: .init(for: regions), progress: stop)
                return regions.map { region in attributions.map { $0.relevance(of: region) } }
            })
    }
}
