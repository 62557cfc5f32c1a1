import AGDEvaluation
import ArgumentParser

struct Report: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract:
            "Compares runs of agd eval: each method's scores with intervals, paired tests against a baseline, and costs."
    )

    enum Format: String, ExpressibleByArgument, CaseIterable { case text, markdown, json, html }

    @Argument(
        help: "Runs of one model and benchmark; shards of one method are put together.", completion: .file())
    var runs: [String]

    @Option(help: "\(Format.allCases.map(\.rawValue).joined(separator: ", ")).")
    var format: Format = .text

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("The method that the others are tested against, as the tables call it.", valueName: "name"))
    var baseline = "greedy"

    func run() throws {
        let report = try RunReport(runs.map { try RunFile(reading: $0) }, baseline: baseline)
        switch format {
        case .text: Terminal.write(report.text)
        case .markdown: Terminal.write(report.markdown)
        case .json: try Terminal.writeJSON(report)
        case .html: Terminal.write(report.html)
        }
    }
}

extension RunReport {
    var text: String {
        tables.map { TextTable($0.header, $0.rows).rendered }.joined(separator: "\n")
            + notes.map { "\n\($0)\n" }.joined()
    }
}
