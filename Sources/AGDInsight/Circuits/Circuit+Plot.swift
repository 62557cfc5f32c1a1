extension Circuit {
    /// What is left of the effect by the size of the set.
    public var plot: String {
        func series(_ name: String, _ path: KeyPath<Share, Double>, isDashed: Bool) -> Plot.Series {
            Plot.Series(name: name, points: sizes.map { (Double($0.size), $0[keyPath: path]) }, isDashed: isDashed)
        }
        let lines = [
            series("all other neurons ablated", \.kept, isDashed: false),
            series("the set ablated", \.without, isDashed: true),
        ]
        let shares = lines.flatMap(\.points).map(\.y) + [0, 1]
        let ticks = sizes.map { Double($0.size) }
        return Plot.lines(
            lines, title: "Share of the effect, \(model), \(pairCount) pairs; the set has \(neurons.count) neurons",
            x: .init(label: "neurons in the set", ticks: [ticks.min() ?? 1, ticks.max() ?? 1], isLogarithmic: true),
            y: .init(label: "share of the effect", ticks: [shares.min() ?? 0, shares.max() ?? 1]),
            notes: [
                "held out, \(testPairCount) pairs: p = \(test.pValue.fourDigits) against \(test.randomWithout.count) random sets"
            ])
    }
}
