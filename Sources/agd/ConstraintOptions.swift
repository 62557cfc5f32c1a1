import ArgumentParser
import AttributionGuidedDecoding

/// What is asked of tokens, whatever the strategy.
struct ConstraintOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("A file with a JSON schema: the answer is JSON that it accepts.", valueName: "file"),
        completion: .file())
    var jsonSchema: String?

    @Option(
        help: ArgumentHelp("A file with a grammar in GBNF, whose rule root the answer follows.", valueName: "file"),
        completion: .file())
    var grammar: String?

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "A word or phrase that the answer must not have; may be repeated. coffee* is every word that begins so, *coffee* every text with it inside.",
            valueName: "text"))
    var avoid: [String] = []

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp("Added to the logit of a token, by its id; may be repeated.", valueName: "token=bias"))
    var logitBias: [String] = []

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Taken from the logits of tokens that the answer has already.", valueName: "x"))
    var presencePenalty = 0.0

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Taken from the logit of a token for each time that the answer has it.", valueName: "x"))
    var frequencyPenalty = 0.0

    @Option(help: ArgumentHelp("Tokens before which the model can't end its answer.", valueName: "n"))
    var minTokens = 0

    func validate() throws {
        try NumberOption.check(minTokens, "--min-tokens", in: 0...NumberOption.tokens.upperBound)
        guard abs(presencePenalty) <= 100, abs(frequencyPenalty) <= 100 else {
            throw ValidationError("--presence-penalty and --frequency-penalty must be -100 to 100.")
        }
        if jsonSchema != nil, grammar != nil { throw ValidationError("Give --json-schema or --grammar, not both.") }
        _ = try (biases, avoided)
    }

    /// Reads the files.
    func constraints() throws -> DecodingConstraints {
        DecodingConstraints(
            logitBias: try biases, presencePenalty: presencePenalty, frequencyPenalty: frequencyPenalty,
            minimumTokens: minTokens, avoided: try avoided, grammar: try rules())
    }

    private var avoided: [AvoidedText] {
        get throws {
            try avoid.map { text in
                do throws(AvoidanceError) { return try AvoidedText(text) } catch {
                    throw ValidationError("--avoid: \(error).")
                }
            }
        }
    }

    private func rules() throws -> Grammar? {
        if let grammar { return Grammar(gbnf: try PromptOptions.text(ofFile: grammar)) }
        return try jsonSchema.map { path in
            do {
                return try Grammar(jsonSchema: JSONValue(parsing: PromptOptions.text(ofFile: path)))
            } catch let error as JSONError {
                throw ValidationError("\(path): \(error).")
            } catch let error as SchemaError {
                throw ValidationError("\(path): \(error).")
            }
        }
    }

    private var biases: [Int: Double] {
        get throws {
            var biases: [Int: Double] = [:]
            for text in logitBias {
                let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                guard parts.count == 2, let token = Int(parts[0]), let bias = Double(parts[1]), abs(bias) <= 1000 else {
                    throw ValidationError(
                        "--logit-bias: '\(text.prefix(40))' is not TOKEN=BIAS, such as 42=-100, with a bias of -1000 to 1000."
                    )
                }
                biases[token] = bias
            }
            return biases
        }
    }
}
