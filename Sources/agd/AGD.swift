import ArgumentParser
import TensorGraph

@main
struct AGD: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "agd",
        abstract:
            "Steers a language model towards a region of its prompt, without touching weights, activations or logits.",
        discussion: """
            Attribution-guided decoding (arXiv 2509.26307): of the tokens that the model finds likely, the one that draws \
            most on the region you name.

              agd generate -m model.gguf --system 'Never say "river".' --user 'What flows here?' --roi system

            Options of the model and of agd serve can be given by environment variables too, AGD_ and the option's name: \
            AGD_MODEL, AGD_CTX_SIZE, AGD_THREADS, AGD_PORT and so on. An option that is given wins.
            """,
        version: Version.text,
        subcommands: [
            Generate.self, Chat.self, Compare.self, Attribute.self, Explain.self, MeasureProhibition.self,
            MeasureAvoidance.self, MeasureInjections.self, Heads.self, Circuits.self, MeasureFaithfulness.self,
            MeasureCitations.self, Verify.self, Evaluate.self,
            Sweep.self,
            Report.self, Calibrate.self, Tune.self, Score.self, Serve.self, Bench.self,
            Info.self, Models.self,
        ])

    /// What goes wrong is told through the one border, for messages name files and quote prompts.
    static func main() async {
        var variables: [String] = []
        do {
            if let missing = Processor.missingInstructions {
                throw ValidationError(
                    "This agd was built for processors with \(missing), which this one hasn't. Take a release, or build it on this machine."
                )
            }
            let environment = try Environment(FreeText.joined(CommandLine.arguments.dropFirst()))
            variables = environment.used
            var command = try await asyncParseAsRoot(environment.arguments)
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch {
            let error = CommandError(error) ?? error
            let text = fullMessage(for: error)
            if !text.isEmpty {
                if exitCode(for: error).isSuccess {
                    Terminal.write(text + "\n")
                } else {
                    Terminal.writeError(text + "\n")
                    if !variables.isEmpty {
                        Terminal.note("given by the environment: \(variables.joined(separator: ", "))")
                    }
                }
            }
            exit(withError: exitCode(for: error))
        }
    }
}
