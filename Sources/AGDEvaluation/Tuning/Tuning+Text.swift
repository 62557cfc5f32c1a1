extension Tuning {
    /// One row a method.
    public var table: RunReport.Table {
        (
            "\(itemCount) examples",
            ["method", "score %", "better", "worse", "% repeated", "tokens"],
            outcomes.map { outcome in
                [
                    outcome.method, (100 * outcome.score).formatted(decimals: 1), "\(outcome.better)",
                    "\(outcome.worse)", (100 * outcome.repeatedShare).formatted(decimals: 1),
                    outcome.meanTokens.formatted(decimals: 1),
                ]
            }
        )
    }

    /// What follows from the table, in words.
    public var verdict: String {
        func points(_ share: Double) -> String { (share < 0 ? "" : "+") + (100 * share).formatted(decimals: 1) }
        let expected =
            "chosen without the example it is judged by, the best method gains \(points(gain.mean)) points over greedy "
            + "(95 % interval \(points(gain.lower)) to \(points(gain.upper)), p = \(gain.pValue.formatted(decimals: 3)))"
        let lost = failures.sorted { $0.key < $1.key }.map { "\($0.key) can't do all examples: \($0.value)\n" }.joined()
        if gain.isCertain { return lost + "Recommended: \(recommended); \(expected).\n" }
        if best == recommended { return lost + "Nothing beats greedy decoding on these examples; it is recommended.\n" }
        return lost
            + "The best here is \(best), but nothing beats greedy decoding for certain: \(expected). Greedy is recommended; more "
            + "examples may tell.\n"
    }
}
