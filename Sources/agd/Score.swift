import AGDEvaluation
import ArgumentParser

struct Score: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Scores replies that were made elsewhere, one JSON line in, one line out.",
        discussion: """
            ifeval: {id, instruction_id, kwargs, prompt, response} gives {id, strict, loose}; null is unscored for want of --support.
            qa: {id, metric, prediction, golds} gives {id, score}. sysbench: a judge's verdicts give CSR, ISR and SSR.
            """)

    @Argument(help: "\(LineScorer.Benchmark.allCases.map(\.rawValue).joined(separator: ", ")).")
    var benchmark: LineScorer.Benchmark

    @Option(help: ArgumentHelp("Replies, a file of JSON lines.", valueName: "file"), completion: .file())
    var input: String

    @Option(
        help: ArgumentHelp("A folder with NLTK's and langdetect's tables.", valueName: "folder"), completion: .directory
    )
    var support: String?

    @Flag(help: "Scores what the model thought aloud (<think>…</think>) as a part of the reply.")
    var scoreThoughts = false

    @Flag(help: "Prints JSON lines instead of tab-separated values.")
    var json = false

    func run() throws {
        let scorer = LineScorer(
            benchmark, support: try support.map { path in try TextSupport(directory: path) } ?? .none,
            scoresThoughts: scoreThoughts)
        let summary = try scorer.score(file: input) { result in
            Terminal.write((json ? result.text : Self.row(result)) + "\n")
        }
        if summary.unfinishedThoughts > 0 {
            Terminal.note(
                "\(summary.unfinishedThoughts) of \(summary.lines) replies ended inside a thought and were scored as empty"
            )
        }
    }

    private static func row(_ result: JSONValue) -> String {
        guard case .object(let members) = result else { return result.text }
        return members.map { if case .string(let text) = $0.value { text } else { $0.value.text } }.joined(
            separator: "\t")
    }
}

extension LineScorer.Benchmark: ExpressibleByArgument {}
