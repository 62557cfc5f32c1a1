import AttributionGuidedDecoding

extension GuidanceSummary {
    init(_ steps: [GenerationStep], threshold: Double?) {
        self.init(threshold: threshold)
        for step in steps { count(step) }
    }

    /// Such as `guided 16 %, changed 12 % of 83 tokens`, with advice where guidance did nothing.
    /// - Parameter inColor: whether tokens that were chosen otherwise have been shown underlined.
    func line(inColor: Bool = false) -> String {
        let legend = inColor && changedCount > 0 ? " (underlined)" : ""
        return "guided \(percent(guidedCount)), changed \(percent(changedCount)) of \(tokenCount) tokens\(legend)"
            + (advice.map { "; \($0)" } ?? "")
    }

    private func percent(_ count: Int) -> String {
        "\((100 * Double(count) / Double(max(1, tokenCount))).formatted(decimals: 0)) %"
    }

    private var advice: String? {
        switch idleReason {
        case .gateStayedClosed(let threshold, let largest):
            "the gate never opened: entropy stayed below \(threshold) nats (at most \(largest.formatted(decimals: 2))). "
                + "Try --entropy-threshold off, or a threshold from agd calibrate"
        case .agreed:
            "where it was guided, the region spoke for what the model would have said. Try --score excess"
        case nil: nil
        }
    }
}

extension [GenerationStep] {
    /// How often the model would have said what is avoided; nil where it never would have.
    var avoidanceLine: String? {
        let count = count { $0.avoided != nil }
        return count == 0 ? nil : "words to avoid were kept out \(count == 1 ? "once" : "\(count) times")"
    }
}
