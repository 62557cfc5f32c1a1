import AGDInsight
import ArgumentParser
import AttributionGuidedDecoding
import Foundation

struct Verify: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Checks that attribution is correct on a model.",
        discussion: """
              agd verify model.gguf

            Forward and reverse mode against each other at every layer and for every rule, one pass against k passes back, \
            how much of the logit reaches the input tokens, and what caches and quantisation change. The exit status is \
            not zero when something is off.
            """)

    @Argument(
        help: "The model, a GGUF file, or the name of one that agd models lists.",
        completion: .file(extensions: ["gguf"]))
    var model: String

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp("A prompt to check with; may be repeated.", valueName: "text"))
    var prompt: [String] = []

    @Option(
        help: ArgumentHelp("The same model in a finer type: tells what quantisation changes.", valueName: "file"),
        completion: .file())
    var reference: String?

    @Option(name: .shortAndLong, help: ArgumentHelp("CPU threads. By default one for each core.", valueName: "n"))
    var threads: Int?

    @Flag(help: "Prints a JSON object.")
    var json = false

    mutating func validate() throws {
        model = try ModelCaches().path(of: model, option: "MODEL")
        try NumberOption.check(threads, "--threads", in: NumberOption.threads)
    }

    private static let prompts = [
        "The capital of France is", "Never use the word river. Tell me what flows through the valley:",
        "Two plus two is four, and three plus four is",
        "Once upon a time there was a teacher who lived in a small town. She",
    ]

    func run() throws {
        ModelOptions.noteCappedThreads(threads)
        let model = try LanguageModel(path: model)
        let reference = try reference.map { try LanguageModel(path: $0) }
        if let reference, reference.configuration.vocabularySize != model.configuration.vocabularySize {
            throw ValidationError("--reference has another vocabulary: it is not the same model.")
        }
        let bar = ProgressBar("verifying")
        let verification = try Verification(
            model, try prompts(model), reference: reference,
            options: ReverseAttribution.Options(threadCount: ModelOptions.threadCount(threads))
        ) { bar.update($0) }
        bar.finish()
        if json {
            try Terminal.writeJSON(verification)
        } else {
            Terminal.write(
                TextTable(
                    ["check", "value", "limit", "", "what it is"],
                    verification.checks.map { check in
                        [
                            check.name, format(check.value), check.limit.map(format) ?? "",
                            check.limit == nil ? "" : check.passed ? "ok" : "OFF", check.note,
                        ]
                    }
                ).rendered)
        }
        if !verification.passed { throw ExitCode.failure }
    }

    private func format(_ value: Double) -> String {
        abs(value) < 0.01 && value != 0 ? String(format: "%.1e", value) : value.formatted(decimals: 3)
    }

    /// A model without a vocabulary is checked with arbitrary tokens.
    private func prompts(_ model: LanguageModel) throws -> [[Int]] {
        if model.tokenizer == nil, prompt.isEmpty {
            let size = model.configuration.vocabularySize
            return (1...4).map { seed in (0..<24).map { (seed * 7919 + $0 * 104_729) % size } }
        }
        return try (prompt.isEmpty ? Self.prompts : prompt).map { try model.prompt(text: $0).tokens }
    }
}
