import AGDEvaluation
import ArgumentParser
import AttributionGuidedDecoding
import Foundation

struct Sweep: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract:
            "Tries all combinations of gate and candidate settings: what each gains in score and costs in quality.",
        discussion: """
              agd sweep microcosm --data Models/microcosm-conflicts.jsonl -m Models/microcosm.gguf --limit 50 \\
                  --entropy-thresholds 0.5:2:0.25 --candidates 3,5,10 --min-probability 0.01,0.05 --output sweep

            Each combination is a run in the folder --output; the same command goes on where it stopped. Points on the \
            Pareto front are marked *: nothing else has both a better score and a lower perplexity.
            """)

    enum Format: String, ExpressibleByArgument, CaseIterable { case text, markdown, json, svg, html }

    struct Numbers: ExpressibleByArgument, CustomStringConvertible {
        var values: [Double]

        init?(argument: String) {
            guard let values = SweepGrid.numbers(argument) else { return nil }
            self.values = values
        }

        init(_ values: [Double]) { self.values = values }

        var description: String { values.map { "\($0)" }.joined(separator: ",") }
    }

    @OptionGroup(title: "Benchmark") var benchmarkOptions: BenchmarkOptions
    @OptionGroup(title: "Model") var modelOptions: ModelOptions

    @Option(
        name: .shortAndLong, help: ArgumentHelp("A folder for the runs.", valueName: "folder"), completion: .directory)
    var output: String

    @Option(parsing: .unconditional, help: ArgumentHelp("In nats.", valueName: "0.5:4.0:0.25"))
    var entropyThresholds = Numbers(Array(stride(from: 0.5, through: 4, by: 0.25)))

    @Flag(help: "Also guides every step, without a gate.")
    var withoutGate = false

    @Option(parsing: .unconditional, help: ArgumentHelp("Candidates at most.", valueName: "3,5,10"))
    var candidates = Numbers([5])

    @Option(parsing: .unconditional, help: ArgumentHelp("Least probability of a candidate.", valueName: "0.01,0.05"))
    var minProbability = Numbers([0.05])

    @Option(help: "What candidates are ranked by: sum or excess.")
    var score: AttributionGuided.Score = .sum

    @Option(help: "How relevance propagates.")
    var rule: PropagationRule = .attnLRP

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("What counts as adherence; by default the benchmark's main metric.", valueName: "name"))
    var metric: String?

    @Option(help: "\(Format.allCases.map(\.rawValue).joined(separator: ", ")).")
    var format: Format = .text

    func validate() throws {
        if candidates.values.contains(where: { $0 < 1 || $0 > 1_000_000 || $0 != $0.rounded() }) {
            throw ValidationError("--candidates must be whole numbers from 1.")
        }
        if minProbability.values.contains(where: { !(0...1).contains($0) }) {
            throw ValidationError("--min-probability must be between 0 and 1.")
        }
    }

    func run() async throws {
        let items = try benchmarkOptions.items()
        let model = try modelOptions.load()
        let runner = try benchmarkOptions.run(model, modelOptions)
        do {
            try FileManager.default.createDirectory(atPath: output, withIntermediateDirectories: true)
        } catch {
            throw ValidationError("--output \(output): can't be made. Give a folder that can be written.")
        }
        let grid = SweepGrid(
            entropyThresholds: entropyThresholds.values.map { $0 } + (withoutGate ? [nil] : []),
            candidateCounts: candidates.values.map { Int($0) }, minimumProbabilities: minProbability.values)
        let methods = grid.methods(Guidance(rule: rule, score: score))
        let bar = ProgressBar("\(methods.count) settings")
        var runs: [RunFile] = []
        for (index, method) in methods.enumerated() {
            let settings = try benchmarkOptions.settings(method: RunMethod(method), modelOptions)
            let name = method.label.replacing(", ", with: "-").replacing(" ", with: "-") + ".jsonl"
            var file = try RunFile(resuming: output + "/" + name, settings)
            try await runner.run(EvaluationRun.items(items, settings), into: &file) { done, count in
                bar.update((Double(index) + Double(done) / Double(count)) / Double(methods.count))
            }
            runs.append(file)
        }
        bar.finish()
        try Evaluate.tellFailures(runs)
        let front = try ParetoFront(runs, metric: metric)
        switch format {
        case .text: Terminal.write(TextTable(front.table.header, front.table.rows).rendered)
        case .markdown: Terminal.write(front.markdown)
        case .json: try Terminal.writeJSON(front)
        case .svg: Terminal.write(front.svg)
        case .html: Terminal.write(front.html)
        }
    }
}
