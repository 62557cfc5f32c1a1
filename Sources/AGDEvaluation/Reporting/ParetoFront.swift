import AGDInsight
import Foundation

/// Methods by what they gain and what they cost: adherence (the mean score) against perplexity under the model itself.
public struct ParetoFront: Encodable, Sendable {
    /// A method with its gain and its cost.
    public struct Point: Encodable, Sendable {
        /// As tables call it.
        public let method: String
        /// Mean score over settings, each counted alike, with the interval over items (95 %, bootstrap).
        public let adherence, lower, upper: Double
        /// Of the completions under the model itself.
        public let perplexity: Double
        /// Shares of the generated tokens.
        public let guidedShare, changedShare, repeatedShare: Double
        /// Whether no other method is at least as good in both and better in one.
        public let isOnFront: Bool
    }

    /// What was measured, on which model, by which metric.
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

    /// One row a method.
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

    /// The table in Markdown.
    public var markdown: String { RunReport.markdown([table]) }

    /// One self-contained page with the chart and the table.
    public var html: String {
        Markup.page(
            title: "\(benchmark), \(model): adherence against quality",
            [Markup.element("figure", [:], svg), Markup.table(table.header, table.rows)])
    }
}

extension ParetoFront.Point {
    fileprivate func ranked(_ isOnFront: Bool) -> Self {
        Self(
            method: method, adherence: adherence, lower: lower, upper: upper, perplexity: perplexity,
            guidedShare: guidedShare, changedShare: changedShare, repeatedShare: repeatedShare, isOnFront: isOnFront)
    }
}
