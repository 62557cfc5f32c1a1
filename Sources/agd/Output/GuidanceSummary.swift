import AttributionGuidedDecoding

/// What guidance did in a run, in a line, with advice where it did nothing.
struct GuidanceSummary {
    private let steps: [GenerationStep]
    /// In nats; nil where every step is guided.
    private let threshold: Double?

    init(_ steps: [GenerationStep], threshold: Double?) {
        self.steps = steps
        self.threshold = threshold
    }

    /// Such as `guided 16 %, changed 12 % of 83 tokens`.
    var text: String {
        let (guided, changed) = (steps.count { $0.choice.guided }, steps.count { $0.changedByGuidance })
        return "guided \(percent(guided)), changed \(percent(changed)) of \(steps.count) tokens"
            + (advice(guided: guided, changed: changed).map { "; \($0)" } ?? "")
    }

    private func percent(_ count: Int) -> String {
        "\((100 * Double(count) / Double(max(1, steps.count))).formatted(decimals: 0)) %"
    }

    private func advice(guided: Int, changed: Int) -> String? {
        let largest = steps.map(\.entropy).max() ?? 0
        if guided == 0, let threshold, largest < threshold {
            return
                "the gate never opened: entropy stayed below \(threshold) nats (at most \(largest.formatted(decimals: 2))). "
                + "Try --entropy-threshold off, or a threshold from agd calibrate"
        }
        if guided > 0, changed == 0 {
            return "where it was guided, the region spoke for what the model would have said. Try --score excess"
        }
        return nil
    }
}
