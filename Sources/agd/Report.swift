import AGDEvaluation
import ArgumentParser

struct Report: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract:
            "Compares runs of agd eval: each method's scores with intervals, paired tests against greedy, and costs.")

    enum Format: String, ExpressibleByArgument, CaseIterable { case text, markdown, json }

    @Argument(help: "Runs of one model and benchmark; shards of one method are put together.")
    var runs: [String]

    @Option(help: "\(Format.allCases.map(\.rawValue).joined(separator: ", ")).")
    var format: Format = .text

    func run() throws {
        let report = try RunReport(runs.map { try RunFile(reading: $0) })
        switch format {
        case .text: Terminal.write(report.text)
        case .markdown: Terminal.write(report.markdown)
        case .json: try Terminal.writeJSON(report)
        }
    }
}

extension RunReport {
    var text: String { TextTable(scoreHeader, scoreRows).rendered + "\n" + TextTable(costHeader, costRows).rendered }

    var markdown: String { Self.markdown(scoreHeader, scoreRows) + "\n" + Self.markdown(costHeader, costRows) }

    private static func markdown(_ header: [String], _ rows: [[String]]) -> String {
        ([header, header.map { _ in "---" }] + rows).map { "| " + $0.joined(separator: " | ") + " |\n" }.joined()
    }

    private var scoreHeader: [String] {
        ["setting", "metric", "method", "n", "%", "95 % interval", "p against greedy"]
    }

    private var scoreRows: [[String]] {
        rows.map { row in
            [
                row.task, row.metric, row.method, "\(row.count)", (100 * row.mean).formatted(decimals: 1),
                "\((100 * row.lower).formatted(decimals: 1)) to \((100 * row.upper).formatted(decimals: 1))",
                row.pValue.map { $0 < 0.001 ? "< 0.001" : $0.formatted(decimals: 3) } ?? "",
            ]
        }
    }

    private var costHeader: [String] {
        ["method", "items", "failed", "% guided", "% changed", "% repeated", "perplexity", "tokens a reply"]
    }

    private var costRows: [[String]] {
        costs.map { cost in
            [cost.method, "\(cost.items)", "\(cost.failedItems)"]
                + [100 * cost.guidedShare, 100 * cost.changedShare, 100 * cost.repeatedShare].map {
                    $0.formatted(decimals: 1)
                }
                + [cost.perplexity.formatted(decimals: 2), cost.meanTokens.formatted(decimals: 1)]
        }
    }
}
