/// Says given tokens, whatever the model would; another strategy tells what it would have chosen from.
public struct Dictated: DecodingStrategy {
    public var name: String { "dictated" }
    private var remaining: ArraySlice<Int>
    private var adviser: any DecodingStrategy

    /// - Parameters:
    ///   - tokens: what is said, one a step.
    ///   - adviser: scores the candidates.
    public init(_ tokens: [Int], adviser: any DecodingStrategy) {
        remaining = tokens[...]
        self.adviser = adviser
    }

    public var needs: StrategyNeeds { adviser.needs }

    public mutating func choose(_ context: borrowing DecodingContext) throws -> Choice {
        let advice = try adviser.choose(context)
        return Choice(token: remaining.popFirst() ?? advice.token, guided: advice.guided, candidates: advice.candidates)
    }
}
