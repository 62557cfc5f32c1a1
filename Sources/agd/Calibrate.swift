import AGDEvaluation
import ArgumentParser
import AttributionGuidedDecoding

struct Calibrate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Finds the entropy threshold that opens the gate for a wanted share of this model's tokens.",
        discussion: """
              agd calibrate microcosm --data Models/microcosm-aligned.jsonl -m Models/microcosm.gguf

            The paper's threshold, 1.734, is the 80th percentile on its data and models; other models are surer or less sure.
            """)

    @Argument(help: "\(Benchmark.allCases.map(\.rawValue).joined(separator: ", ")).")
    var benchmark: Benchmark

    @Option(help: ArgumentHelp("A data file of the benchmark; may be repeated.", valueName: "file"))
    var data: [String]

    @OptionGroup(title: "Model") var modelOptions: ModelOptions

    @Option(
        name: [.customShort("n"), .customLong("n-predict")],
        help: ArgumentHelp("Tokens generated at most for each item.", valueName: "n"))
    var maximumTokens = 512

    @Option(help: ArgumentHelp("The first items only.", valueName: "n"))
    var limit: Int?

    @Flag(help: "Prints a JSON object.")
    var json = false

    func validate() throws {
        if maximumTokens < 1 { throw ValidationError("--n-predict must be at least 1.") }
        if let limit, limit < 1 { throw ValidationError("--limit must be at least 1.") }
    }

    func run() async throws {
        let all = try data.flatMap { path in try benchmark.items(inFile: path) }
        let items = limit.map { Array(all.prefix($0)) } ?? all
        let model = try modelOptions.load()
        let bar = ProgressBar("decoding")
        let calibration = try await EntropyCalibration.run(
            model, items, maximumTokens: maximumTokens,
            threadCount: modelOptions.threads ?? Session.Options.defaultThreadCount
        ) { bar.update(Double($0) / Double(items.count)) }
        bar.finish()
        if json { return try Terminal.writeJSON(calibration) }
        Terminal.write(
            TextTable(
                ["percentile", "entropy (nats)", "opens for"],
                calibration.percentiles.sorted { $0.key < $1.key }.map { percent, entropy in
                    [
                        "\(percent)", entropy.formatted(decimals: 4),
                        "\(100 - percent) % of \(calibration.tokenCount) tokens",
                    ]
                }
            ).rendered)
    }
}
