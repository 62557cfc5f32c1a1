import AGDEvaluation
import ArgumentParser
import AttributionGuidedDecoding

struct Calibrate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Finds the entropy threshold that opens the gate for a wanted share of this model's tokens.",
        discussion: """
              agd calibrate microcosm --data Models/microcosm-aligned.jsonl -m Models/microcosm.gguf --rate 0.2

            The paper's threshold, 1.734, is the 80th percentile on its data and models; other models are surer or less \
            sure. agd takes thresholds in nats.
            """)

    @OptionGroup(title: "Benchmark") var benchmarkOptions: BenchmarkOptions
    @OptionGroup(title: "Model") var modelOptions: ModelOptions

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Prints only the threshold that opens for this share of tokens.", valueName: "share"))
    var rate: Double?

    @Option(help: "\(EntropyUnit.allCases.map(\.rawValue).joined(separator: " or ")).")
    var entropyUnit: EntropyUnit = .nats

    @Flag(help: "Prints a JSON object.")
    var json = false

    func validate() throws {
        if let rate, !(rate > 0 && rate < 1) { throw ValidationError("--rate must be between 0 and 1.") }
    }

    func run() async throws {
        let items = EvaluationRun.limited(try benchmarkOptions.items(), benchmarkOptions.limit)
        let model = try modelOptions.load()
        let bar = ProgressBar("decoding")
        let calibration = try await EntropyCalibration.run(
            model, items, maximumTokens: benchmarkOptions.maximumTokens, unit: entropyUnit, rate: rate,
            threadCount: modelOptions.threadCount
        ) { bar.update(Double($0) / Double(items.count)) }
        bar.finish()
        if json { return try Terminal.writeJSON(calibration) }
        if let threshold = calibration.threshold { return Terminal.write("\(threshold.formatted(decimals: 4))\n") }
        Terminal.write(
            TextTable(
                ["percentile", "entropy (\(entropyUnit.rawValue))", "opens for"],
                calibration.percentiles.sorted { $0.key < $1.key }.map { percent, entropy in
                    [
                        "\(percent)", entropy.formatted(decimals: 4),
                        "\(100 - percent) % of \(calibration.tokenCount) tokens",
                    ]
                }
            ).rendered)
    }
}

extension EntropyUnit: ExpressibleByArgument {}
