import AGDInsight

extension RunReport {
    /// A table's header and rows, for whoever sets them.
    public typealias Table = (title: String, header: [String], rows: [[String]])

    /// Methods by settings, scores with their intervals, costs, and failures where there are any.
    public var tables: [Table] {
        var tables: [Table] =
            rows.map(\.metric).distinct().map(overview) + [
                (
                    "Scores",
                    ["setting", "metric", "method", "n", "unscored", "%", "95 % interval", "p against \(baseline)"],
                    scores
                ),
                (
                    "Costs and quality without a judge",
                    [
                        "method", "items", "failed", "ended in thought", "% guided", "% changed", "% repeated",
                        "perplexity",
                        "tokens a reply",
                        "r(S, z)", "r(score, z)",
                    ], costs.map(Self.cells)
                ),
            ]
        if !failures.isEmpty {
            // The same error on every item of a method is one finding.
            let grouped = Dictionary(grouping: failures) { [$0.method, $0.task, $0.error] }
            tables.append(
                (
                    "Failed items", ["method", "setting", "items", "first", "error"],
                    grouped.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map { key, failures in
                        [key[0], key[1], "\(failures.count)", failures[0].item, key[2]]
                    }
                ))
        }
        return tables
    }

    /// One metric as papers print it: a row for each method, a column for each setting, in per cent.
    private func overview(of metric: String) -> Table {
        let rows = rows.filter { $0.metric == metric }
        let tasks = rows.map(\.task).distinct()
        let methods = costs.map(\.method).map { method -> [String] in
            let means = tasks.map { task in rows.first { $0.method == method && $0.task == task }?.mean }
            let present = means.compactMap { $0 }
            // A mean over other settings than the other methods' could not be compared.
            let mean = present.count == tasks.count ? present.reduce(0, +) / Double(max(1, present.count)) : nil
            return [method]
                + (means + (tasks.count > 1 ? [mean] : [])).map { $0.map { (100 * $0).formatted(decimals: 1) } ?? "" }
        }
        return (metric, ["method"] + tasks + (tasks.count > 1 ? ["mean"] : []), methods)
    }

    private var scores: [[String]] {
        rows.map { row in
            [
                row.task, row.metric, row.method, "\(row.count)", "\(row.unscoredCount)",
                (100 * row.mean).formatted(decimals: 1),
                "\((100 * row.lower).formatted(decimals: 1)) to \((100 * row.upper).formatted(decimals: 1))",
                row.pValue.map { $0 < 0.001 ? "< 0.001" : $0.formatted(decimals: 3) } ?? "",
            ]
        }
    }

    private static func cells(_ cost: Cost) -> [String] {
        [cost.method, "\(cost.items)", "\(cost.failedItems)", "\(cost.unfinishedThoughts)"]
            + [cost.guidedShare, cost.changedShare, cost.repeatedShare].map { (100 * $0).formatted(decimals: 1) }
            + [cost.perplexity.formatted(decimals: 2), cost.meanTokens.formatted(decimals: 1)]
            + [cost.relevanceCorrelation, cost.scoreCorrelation].map { $0?.formatted(decimals: 2) ?? "" }
    }

    /// The tables and notes in Markdown.
    public var markdown: String { Self.markdown(tables) + notes.map { "\n\($0)\n" }.joined() }

    /// Tables in Markdown, one below the other.
    static func markdown(_ tables: [Table]) -> String {
        tables.map { table in
            ([table.header, table.header.map { _ in "---" }] + table.rows)
                .map { "| " + $0.map { $0.replacing("|", with: "\\|") }.joined(separator: " | ") + " |\n" }.joined()
        }.joined(separator: "\n")
    }

    /// One self-contained page with a chart for each metric.
    public var html: String {
        let charts = rows.map(\.metric).distinct().map { metric in
            Markup.element("figure", [:], intervalChart(of: metric))
        }
        return Markup.page(
            title: "\(benchmark), \(model)",
            charts
                + tables.map { Markup.element("h2", [:], Markup.escaped($0.title)) + Markup.table($0.header, $0.rows) }
                + notes.map { Markup.element("p", [:], Markup.escaped($0)) })
    }

    /// Means with their intervals, method below method for each setting.
    private func intervalChart(of metric: String) -> String {
        let rows = rows.filter { $0.metric == metric }
        let (left, width, step) = (320.0, 560.0, 18.0)
        func x(_ share: Double) -> Double { left + share * width }
        var (elements, y) = ([SVG.text(metric, x: 10, y: 20, ["class": "label"])], 40.0)
        for task in rows.map(\.task).distinct() {
            elements.append(SVG.text(task, x: 10, y: y, ["class": "label"]))
            y += step
            for row in rows where row.task == task {
                let kind = row.method == baseline ? "baseline" : "point"
                elements += [
                    SVG.text(row.method, x: left - 10, y: y + 4, ["class": "end"]),
                    SVG.line((x(row.lower), y), (x(row.upper), y), ["class": "interval"]),
                    SVG.circle(
                        x: x(row.mean), y: y, radius: 4, ["class": kind],
                        tooltip: "\(row.method): \((100 * row.mean).formatted(decimals: 1)) % of \(row.count)"),
                ]
                y += step
            }
            y += step / 2
        }
        for percent in stride(from: 0.0, through: 100, by: 25) {
            elements.append(SVG.line((x(percent / 100), 30), (x(percent / 100), y), ["class": "grid"]))
            elements.append(SVG.text("\(Int(percent)) %", x: x(percent / 100), y: y + 14, ["class": "middle"]))
        }
        return SVG.chart(
            title: "\(metric) by setting and method", width: left + width + 40, height: y + 24, elements)
    }
}
