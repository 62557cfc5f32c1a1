import AGDInsight
import ArgumentParser
import AttributionGuidedDecoding
import Foundation

struct Bench: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measures decoding with and without guidance, side by side in one run.",
        discussion: """
              agd bench -m model.gguf --contexts 128,1024 -n 32 --plot bench.svg
              agd bench -m model.gguf --contexts 900,4000 --reverse

            agd-reverse, the paper's backward pass for each candidate, takes minutes a token at long contexts: three tokens \
            are decoded, and none at contexts beyond 256 unless --variants names it.
            """)

    @OptionGroup(title: "Model") var modelOptions: ModelOptions

    @Option(parsing: .unconditional, help: ArgumentHelp("Context lengths to measure at.", valueName: "128,1024"))
    var contexts = "128,1024,4096"

    @Option(
        name: [.customShort("n"), .customLong("n-predict")],
        help: ArgumentHelp("Tokens decoded by each variant.", valueName: "n"))
    var tokenCount = 32

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "What to measure beside greedy, which is always measured: \(Variant.allCases.dropFirst().map(\.rawValue).joined(separator: ", ")). All by default.",
            valueName: "list"))
    var variants: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Decodes so many sequences in one batch too, and tells the tokens of all together.", valueName: "4,8"))
    var parallel: String?

    @Option(
        help: ArgumentHelp("Behind the gate, one of so many tokens is guided: 20 for 5 %, 5 for 20 %.", valueName: "n"))
    var gatePeriod = 5

    @Option(
        help: ArgumentHelp("Draws each variant's time over greedy's by context.", valueName: "file.svg"),
        completion: .file())
    var plot: String?

    @Flag(help: "Measures reverse mode over the time of reading instead: a first target, and further ones beside it.")
    var reverse = false

    @Option(help: ArgumentHelp("How often --reverse measures.", valueName: "n"))
    var rounds = 3

    @Flag(help: "Prints a JSON object.")
    var json = false

    typealias Variant = ModelBenchmark.Variant

    func validate() throws {
        _ = try chosenVariants()
        try NumberOption.check(gatePeriod, "--gate-period", in: NumberOption.counts)
        try NumberOption.check(tokenCount, "--n-predict", in: 2...1_048_576)
        guard try contextLengths().allSatisfy({ (1...1_048_576).contains($0) }) else {
            throw ValidationError("--contexts must be numbers from 1 to 1048576.")
        }
        guard try parallelCounts().allSatisfy({ (2...256).contains($0) }) else {
            throw ValidationError("--parallel must be numbers from 2 to 256.")
        }
        if modelOptions.contextSize != nil {
            throw ValidationError("--ctx-size: each of --contexts has a size of its own. Leave it out.")
        }
        try NumberOption.check(rounds, "--rounds", in: NumberOption.counts)
        if reverse, variants != nil || parallel != nil || plot != nil {
            throw ValidationError("--reverse measures no decoding: leave out --variants, --parallel and --plot.")
        }
        try Terminal.checkOutput(plot, option: "--plot")
    }

    private func contextLengths() throws -> [Int] {
        try PromptOptions.numbers(contexts, option: "--contexts", called: "a context length")
    }

    private func parallelCounts() throws -> [Int] {
        try parallel.map { try PromptOptions.numbers($0, option: "--parallel", called: "a number of sequences") } ?? []
    }

    private func chosenVariants() throws -> Set<Variant> {
        guard let variants else { return Set(Variant.allCases) }
        return Set(
            try variants.split(separator: ",", omittingEmptySubsequences: false).map { name in
                guard let variant = Variant(rawValue: name.trimmingCharacters(in: .whitespaces)) else {
                    throw ValidationError(
                        "--variants: there is no '\(name)'. Give some of \(Variant.allCases.map(\.rawValue).joined(separator: ",")), with commas."
                    )
                }
                return variant
            })
    }

    func run() throws {
        let model = try modelOptions.load()
        if reverse { return try measureReverse(model) }
        var options = ModelBenchmark.Options()
        options.variants = try chosenVariants()
        if variants != nil { options.longestReverseContext = .max }
        options.gatePeriod = gatePeriod
        options.contexts = try contextLengths()
        options.parallelCounts = try parallelCounts()
        options.tokenCount = tokenCount
        options.threadCount = modelOptions.threadCount
        options.cacheType = modelOptions.cacheType
        let trained = model.configuration.contextLength
        if let longest = options.contexts.max(), longest + tokenCount > trained {
            Terminal.note("the model was made for \(trained) positions; beyond them times hold, and nothing else would")
        }
        let report = try ModelBenchmark.run(model, options) { Terminal.writeError("bench: \($0)\n") }
        if json { try Terminal.writeJSON(report) } else { write(report) }
        if let plot { try Terminal.write(report.plot, to: plot, option: "--plot") }
    }

    private func measureReverse(_ model: LanguageModel) throws {
        let report = try ReverseBenchmark.run(
            model, contexts: try contextLengths(), threadCount: modelOptions.threadCount, rounds: rounds
        ) { Terminal.writeError("bench: \($0)\n") }
        if json { return try Terminal.writeJSON(report) }
        Terminal.write(
            TextTable(
                ["context", "reading, s", "first target / reading", "each further one / reading", "peak memory"],
                report.rows.map { row in
                    [
                        "\(row.context)", row.readingSeconds.formatted(decimals: 2),
                        row.firstOverReading.formatted(decimals: 2), row.furtherOverReading.formatted(decimals: 2),
                        "\((Double(row.peakMemoryBytes) / 1_048_576).formatted(decimals: 0)) MiB",
                    ]
                }
            ).rendered)
    }

    private func write(_ report: ModelBenchmark.Report) {
        Terminal.write(
            "\(report.model), \(report.threads) threads, cache \(report.cacheType.description); memory read at "
                + "\((report.bandwidthBytesPerSecond / 1e9).formatted(decimals: 1)) GB/s; "
                + "\((Double(report.weightBytes) / 1e6).formatted(decimals: 0)) MB of weights a token\n")
        Terminal.write(
            TextTable(
                [
                    "variant", "context", "sequences", "tokens/s", "time / greedy", "prefill tokens/s", "of bandwidth",
                    "caches",
                    "peak memory",
                ],
                report.rows.map { row in
                    [
                        row.variant.rawValue, "\(row.context)", "\(row.sequences)",
                        row.tokensPerSecond.formatted(decimals: 2),
                        row.timeOverGreedy.formatted(decimals: 2),
                        row.prefillTokensPerSecond.formatted(decimals: 1),
                        row.bandwidthShare.map { "\((100 * $0).formatted(decimals: 0)) %" } ?? "",
                        "\((Double(row.cacheBytes) / 1_048_576).formatted(decimals: 0)) MiB",
                        "\((Double(row.peakMemoryBytes) / 1_048_576).formatted(decimals: 0)) MiB",
                    ]
                }
            ).rendered)
    }
}
