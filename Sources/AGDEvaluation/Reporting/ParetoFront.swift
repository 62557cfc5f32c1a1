import AGDInsight
import Foundation

/// Methods by what they gain and what they cost: adherence (the mean score) against perplexity under the model itself.
public struct ParetoFront: Encodable, Sendable {
    public struct Point: Encodable, Sendable {
        public let method: String
        /// Mean score over settings, each counted alike, with the interval over items (95 %, bootstrap).
        public let adherence, lower, upper: Double
        /// Of the completions under the model itself.
        public let perplexity: Double
        public let guidedShare, changedShare, repeatedShare: Double
        /// Whether no other method is at least as good in both and better in one.
        public let isOnFront: Bool
    }

    public let benchmark, model, metric: String
    /// By rising perplexity.
    public let points: [Point]

    /// Metrics by preference: a benchmark's own main one comes first.
    public static let mainMetrics = ["correct", "prompt_strict", "csr", "instructqa_recall", "rouge_l", "word_f1"]

    /// - Parameter metric: what counts as adherence; nil for the benchmark's main one.
    /// - Throws: ``EvaluationError`` where no run has it.
    public init(_ runs: [RunFile], metric wanted: String? = nil) throws {
        let report = try RunReport(runs)
        let present = Set(report.rows.map(\.metric))
        guard let metric = wanted ?? Self.mainMetrics.first(where: present.contains), present.contains(metric) else {
            throw EvaluationError(
                field: "metric", problem: "no run has \(wanted ?? "a score")",
                remedy: present.isEmpty
                    ? "run more items" : "give one of " + present.sorted().joined(separator: ", "))
        }
        self.metric = metric
        (benchmark, model) = (report.benchmark, report.model)
        let unranked = report.costs.compactMap { cost -> Point? in
            let rows = report.rows.filter { $0.method == cost.method && $0.metric == metric }
            guard !rows.isEmpty else { return nil }
            // Settings are independent samples: variances of their means add up.
            func mean(_ value: (RunReport.Row) -> Double) -> Double {
                rows.reduce(0) { $0 + value($1) } / Double(rows.count)
            }
            func spread(_ half: (RunReport.Row) -> Double) -> Double {
                rows.reduce(0) { $0 + half($1) * half($1) }.squareRoot() / Double(rows.count)
            }
            let adherence = mean(\.mean)
            return Point(
                method: cost.method, adherence: adherence, lower: adherence - spread { $0.mean - $0.lower },
                upper: adherence + spread { $0.upper - $0.mean }, perplexity: cost.perplexity,
                guidedShare: cost.guidedShare, changedShare: cost.changedShare, repeatedShare: cost.repeatedShare,
                isOnFront: false)
        }
        points = unranked.map { point in
            let isBeaten = unranked.contains {
                $0.adherence >= point.adherence && $0.perplexity <= point.perplexity
                    && ($0.adherence > point.adherence || $0.perplexity < point.perplexity)
            }
            return point.ranked(!isBeaten)
        }.sorted { ($0.perplexity, -$0.adherence) < ($1.perplexity, -$1.adherence) }
    }

    public var table: RunReport.Table {
        (
            "Adherence (\(metric)) against quality (perplexity)",
            ["method", "front", "%", "95 % interval", "perplexity", "% guided", "% changed", "% repeated"],
            points.map { point in
                [
                    point.method, point.isOnFront ? "*" : "", (100 * point.adherence).formatted(decimals: 1),
                    "\((100 * point.lower).formatted(decimals: 1)) to \((100 * point.upper).formatted(decimals: 1))",
                    point.perplexity.formatted(decimals: 3),
                ]
                    + [point.guidedShare, point.changedShare, point.repeatedShare].map {
                        (100 * $0).formatted(decimals: 1)
                    }
            }
        )
    }

    public var markdown: String { RunReport.markdown([table]) }

    public var html: String {
        Markup.page(
            title: "\(benchmark), \(model): adherence against quality",
            [Markup.element("figure", [:], svg), Markup.table(table.header, table.rows)])
    }

    /// Adherence upwards, perplexity to the right; the front is joined by a dashed line.
    public var svg: String {
        let (left, top, width, height) = (60.0, 40.0, 620.0, 400.0)
        let xScale = Scale(points.map(\.perplexity), from: left, to: left + width)
        let yScale = Scale(points.map { 100 * $0.adherence }, from: top + height, to: top)
        var elements = [
            Markup.text("\(metric), %", x: 10, y: 20, "chart-title"),
            Markup.text("perplexity", x: left + width, y: top + height + 36, "end chart-title"),
        ]
        for tick in xScale.ticks {
            elements.append(Markup.line((xScale(tick), top), (xScale(tick), top + height), "grid"))
            elements.append(Markup.text(xScale.label(tick), x: xScale(tick), y: top + height + 18, "middle"))
        }
        for tick in yScale.ticks {
            elements.append(Markup.line((left, yScale(tick)), (left + width, yScale(tick)), "grid"))
            elements.append(Markup.text(yScale.label(tick), x: left - 6, y: yScale(tick) + 4, "end"))
        }
        let front = points.filter(\.isOnFront).map { (xScale($0.perplexity), yScale(100 * $0.adherence)) }
        elements.append(
            Markup.element(
                "polyline",
                [
                    "class": "front",
                    "points": front.map { "\(Markup.number($0.0)),\(Markup.number($0.1))" }.joined(separator: " "),
                ]))
        for point in points {
            elements.append(
                Markup.circle(
                    x: xScale(point.perplexity), y: yScale(100 * point.adherence),
                    point.method == "greedy" ? "baseline" : point.isOnFront ? "point" : "other",
                    tooltip: "\(point.method): \((100 * point.adherence).formatted(decimals: 1)) %, "
                        + "perplexity \(point.perplexity.formatted(decimals: 3))"))
        }
        return Markup.chart(
            title: "Adherence against perplexity", width: left + width + 30, height: top + height + 50, elements)
    }
}

extension ParetoFront.Point {
    fileprivate func ranked(_ isOnFront: Bool) -> Self {
        Self(
            method: method, adherence: adherence, lower: lower, upper: upper, perplexity: perplexity,
            guidedShare: guidedShare, changedShare: changedShare, repeatedShare: repeatedShare, isOnFront: isOnFront)
    }
}

/// Values on a chart's axis, with round ticks.
struct Scale {
    private let lower, upper, start, end, step: Double

    /// - Parameters `start` and `end`: where the axis begins and ends on the screen.
    init(_ values: [Double], from start: Double, to end: Double) {
        let (least, most) = (values.min() ?? 0, values.max() ?? 1)
        let span = most > least ? most - least : max(abs(most), 1)
        let unit = pow(10, floor(log10(span / 4)))
        step = [1, 2, 5, 10].map { $0 * unit }.first { span / $0 <= 6 } ?? 10 * unit
        (lower, upper) = (floor(least / step) * step, max(ceil(most / step) * step, floor(least / step) * step + step))
        (self.start, self.end) = (start, end)
    }

    func callAsFunction(_ value: Double) -> Double { start + (value - lower) / (upper - lower) * (end - start) }

    var ticks: [Double] { Array(stride(from: lower, through: upper + step / 2, by: step)) }

    func label(_ tick: Double) -> String { tick.formatted(decimals: step >= 1 ? 0 : Int(ceil(-log10(step)))) }
}
