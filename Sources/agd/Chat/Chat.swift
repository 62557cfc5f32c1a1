import ArgumentParser
import AttributionGuidedDecoding
import Foundation

struct Chat: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Talks with a model in the terminal; its answers can be drawn towards a region, and explained.",
        discussion: """
              agd chat -m model.gguf --system 'Answer in one sentence.' --roi system

            /help shows what can be typed. Where stdin is no terminal, each of its lines is a turn, and a wrong one ends
            the program.
            """)

    @OptionGroup(title: "Model") var modelOptions: ModelOptions
    @OptionGroup(title: "Choice of tokens") var strategyOptions: StrategyOptions
    @OptionGroup(title: "Constraints") var constraintOptions: ConstraintOptions
    @OptionGroup(title: "Chat template") var template: ChatTemplateOptions

    @Option(parsing: .unconditional, help: ArgumentHelp("The system message.", valueName: "text"))
    var system: String?

    @Option(
        help: ArgumentHelp("A JSON file with a conversation to go on with, such as /save writes.", valueName: "file"),
        completion: .file())
    var messages: String?

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp("A region of interest, as for agd generate; may be repeated.", valueName: "spec"))
    var roi: [String] = []

    @Option(
        name: [.customShort("n"), .customLong("n-predict"), .customLong("max-tokens")], parsing: .unconditional,
        help: ArgumentHelp("Tokens of an answer at most; -1 until the context is full.", valueName: "n"))
    var maximumTokens = -1

    @Option(help: "Marks guided tokens: auto, always or never.")
    var color: Terminal.Color = .auto

    /// Positions of the context where no size was given and the model has as many.
    private static let contextLength = 4096

    func validate() throws {
        try NumberOption.check(maximumTokens, "--n-predict", in: -1...NumberOption.tokens.upperBound)
        if maximumTokens == 0 { throw ValidationError("--n-predict is 0; an answer has at least 1 token.") }
        if system != nil, messages != nil { throw ValidationError("Give --system or --messages, not both.") }
        if template.prefill != nil {
            throw ValidationError("--prefill begins one answer; it works with agd generate.")
        }
        _ = try (method(isGuided: true), PromptOptions.regions(roi))
    }

    var limits: GenerationLimits { GenerationLimits(maximumTokens: maximumTokens < 0 ? nil : maximumTokens) }

    /// How an answer's tokens are chosen. A strategy that was named and needs no region is taken without one too.
    func method(isGuided: Bool) throws -> DecodingMethod {
        let method = try strategyOptions.method(hasRegion: true)
        return isGuided || !method.needsRegion ? method : DecodingMethod.Kind.greedy.standard
    }

    func run() async throws {
        let conversation = try messages.map { try Conversation(file: $0) }
        let constraints = try constraintOptions.constraints()
        let model = try modelOptions.load()
        let session = try Session(model, options: modelOptions.sessionOptions(for: model, needed: Self.contextLength))
        var turns = ChatTurns(
            conversation ?? Conversation(messages: [system.map(ChatMessage.system)].compactMap { $0 }),
            regions: try roi.isEmpty ? strategyOptions.standingRegions : PromptOptions.regions(roi),
            constraints: constraints, session: session, options: self)
        let input = ChatInput()
        guard input.isTerminal else { return try await answer(input, &turns) }
        // A template that the model lacks is told at once, and not after the first message.
        _ = try template.prompt(Conversation(messages: [.user("")]), for: model)
        let file = URL(fileURLWithPath: modelOptions.model)
        let name = file.pathExtension == "gguf" ? nil : model.configuration.name
        Terminal.writeError(
            "\(name ?? file.deletingPathExtension().lastPathComponent), context \(session.options.contextLength). /help shows what can be typed; Ctrl-C ends an answer.\n"
        )
        try await talk(input, &turns)
    }

    /// On a terminal: what goes wrong is told, and the conversation goes on.
    private func talk(_ input: ChatInput, _ turns: inout ChatTurns) async throws {
        Interruption.beginCatching()
        while true {
            do {
                let entry = try input.next()
                if entry == .interrupted { Terminal.writeError("\nnote: Ctrl-D ends\n") }
                guard entry != .end else { return Terminal.write("\n") }
                guard case .text(let text) = entry, !text.allSatisfy(\.isWhitespace) else { continue }
                let command = try ChatCommand(text)
                if command == .quit { return }
                try await turns.perform(command)
            } catch is CancellationError {
                Terminal.note("interrupted")
            } catch {
                Terminal.writeError("error: \(Self.message(for: CommandError(error) ?? error))\n")
            }
        }
    }

    /// From a pipe: each entry is a turn.
    private func answer(_ input: ChatInput, _ turns: inout ChatTurns) async throws {
        while case .text(let text) = try input.next() {
            if text.allSatisfy(\.isWhitespace) { continue }
            let command = try ChatCommand(text)
            if command == .quit { return }
            try await turns.perform(command)
        }
    }
}
