/// A control vector (Zou et al., arXiv 2310.01405; Vogel's repeng), as llama.cpp's `--control-vector` adds it: directions of the
/// residual stream are added to it behind their layers, at all positions, those of the prompt too; what the model then finds most
/// probable is taken.
public struct ControlVector: DecodingStrategy {
    public let name = "control-vector"
    /// What is added behind each layer.
    public let vectors: [Int: [Float]]
    private var greedy: Greedy

    /// - Parameters:
    ///   - directions: what is added, at its own length, with factors.
    ///   - scale: what all of it is multiplied by; negative turns away, 0 is greedy.
    ///   - candidates: which tokens are reported beside the one chosen.
    public init(
        _ directions: [RegionOfInterest.Direction: Double], scale: Double = 1,
        candidates: CandidateRule = CandidateRule()
    ) {
        // In an order of their own, so that sums are the same each time.
        let ordered = directions.sorted { $0.key.vector.lexicographicallyPrecedes($1.key.vector) }
        vectors = ordered.reduce(into: [:]) { sums, direction in
            let added = direction.key.vector.map { $0 * Float(scale * direction.value) }
            let before = sums[direction.key.layer]
            sums[direction.key.layer] = before.map { zip($0, added).map(+) } ?? added
        }
        greedy = Greedy(candidates: candidates)
    }

    public var needs: StrategyNeeds { StrategyNeeds(intervention: Intervention(residualStream: vectors)) }

    public mutating func choose(_ context: borrowing DecodingContext) -> Choice { greedy.choose(context) }
}
