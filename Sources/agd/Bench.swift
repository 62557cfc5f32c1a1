import ArgumentParser
import AttributionGuidedDecoding

struct Bench: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measures decoding with and without guidance, side by side in one run.",
        discussion: "  agd bench -m model.gguf --contexts 128,1024 -n 32")

    @OptionGroup(title: "Model") var modelOptions: ModelOptions

    @Option(help: ArgumentHelp("Context lengths to measure at.", valueName: "128,1024"))
    var contexts = "128,1024,4096"

    @Option(
        name: [.customShort("n"), .customLong("n-predict")],
        help: ArgumentHelp("Tokens decoded by each variant.", valueName: "n"))
    var tokenCount = 32

    @Flag(help: "Prints a JSON object.")
    var json = false

    func validate() throws {
        guard tokenCount >= 2 else { throw ValidationError("--n-predict must be at least 2.") }
        guard try contextLengths().allSatisfy({ (1...1_048_576).contains($0) }) else {
            throw ValidationError("--contexts must be numbers from 1 to 1048576.")
        }
    }

    private func contextLengths() throws -> [Int] { try PromptOptions.tokenIDs(contexts, option: "--contexts") }

    func run() throws {
        let model = try modelOptions.load()
        var options = ModelBenchmark.Options()
        options.contexts = try contextLengths()
        options.tokenCount = tokenCount
        options.threadCount = modelOptions.threads ?? options.threadCount
        options.cacheType = modelOptions.cacheType
        let report = try ModelBenchmark.run(model, options) { Terminal.writeError("bench: \($0)\n") }
        if json { return try Terminal.writeJSON(report) }
        Terminal.write(
            "\(report.model), \(report.threads) threads, cache \(report.cacheType.rawValue); memory read at "
                + "\((report.bandwidthBytesPerSecond / 1e9).formatted(decimals: 1)) GB/s; "
                + "\((Double(report.weightBytes) / 1e6).formatted(decimals: 0)) MB of weights a token\n")
        Terminal.write(
            TextTable(
                ["variant", "context", "tokens/s", "time / greedy", "prefill tokens/s", "of bandwidth", "peak memory"],
                report.rows.map { row in
                    [
                        row.variant, "\(row.context)", row.tokensPerSecond.formatted(decimals: 2),
                        row.timeOverGreedy.formatted(decimals: 2),
                        row.prefillTokensPerSecond.formatted(decimals: 1),
                        "\((100 * row.bandwidthShare).formatted(decimals: 0)) %",
                        "\((Double(row.peakMemoryBytes) / 1_048_576).formatted(decimals: 0)) MiB",
                    ]
                }
            ).rendered)
    }
}
