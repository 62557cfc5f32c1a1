extension Faithfulness {
    /// The curves of tokens, or of heads.
    public func plot(ofHeads: Bool) -> String {
        func series(_ ranking: Ranking, _ path: KeyPath<Ranking, [Double]>, isDashed: Bool) -> Plot.Series {
            let values = ranking[keyPath: path]
            let points = values.enumerated().map { (Double($0) / Double(max(1, values.count - 1)), $1) }
            return Plot.Series(name: ranking.name, points: points, isDashed: isDashed)
        }
        let lines = (ofHeads ? heads : tokens).flatMap { ranking in
            [
                series(ranking, \.mostRelevantFirst, isDashed: false),
                series(ranking, \.leastRelevantFirst, isDashed: true),
            ]
        }
        let logits = lines.flatMap(\.points).map(\.y)
        return Plot.lines(
            lines,
            title:
                "Logit as \(ofHeads ? "head outputs" : "input tokens") are set to zero, \(model), \(promptCount) prompts",
            x: .init(label: "share set to zero", ticks: [0, 0.25, 0.5, 0.75, 1]),
            y: .init(label: "logit", ticks: [logits.min() ?? 0, logits.max() ?? 1]),
            notes: ["solid: most relevant first", "dashed: least relevant first"])
    }
}
