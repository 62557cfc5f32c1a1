import AttributionGuidedDecoding

/// What a prediction loses as its input is taken away piece by piece, in the order that an attribution says.
///
/// A faithful attribution makes the logit fall fast when the most relevant pieces go first (MoRF) and slowly when the
/// least relevant go first (LeRF); the area between the two curves is its score (Achtibat et al., arXiv 2402.05602).
public struct AblationCurve: Sendable, Encodable {
    /// The target's logit with 0, 1/n, ... n/n of the pieces gone.
    public var mostRelevantFirst, leastRelevantFirst: [Double]

    /// Mean distance of the curves, in logits.
    public var area: Double {
        zip(leastRelevantFirst, mostRelevantFirst).reduce(0) { $0 + $1.0 - $1.1 } / Double(mostRelevantFirst.count)
    }

    /// - Parameters:
    ///   - relevance: of each piece.
    ///   - steps: how many times pieces are taken away.
    ///   - logit: of the target with these pieces gone.
    init(_ relevance: [Double], steps: Int, logit: (ArraySlice<Int>) throws -> Double) throws {
        let order = relevance.indices.sorted { relevance[$0] > relevance[$1] }
        let counts = (0...steps).map { $0 * order.count / steps }
        mostRelevantFirst = try counts.map { try logit(order.prefix($0)) }
        leastRelevantFirst = try counts.map { try logit(order.suffix($0)) }
    }
}
