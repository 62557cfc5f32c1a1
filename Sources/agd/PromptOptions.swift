import ArgumentParser
import AttributionGuidedDecoding
import Foundation

/// The prompt, in one of the ways of giving it, and the region of interest in it.
struct PromptOptions: ParsableArguments {
    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("The system message of a conversation; - reads stdin.", valueName: "text"))
    var system: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "The user's message; - reads stdin, as does a pipe where no prompt is given.", valueName: "text"))
    var user: String?

    @Option(
        name: .shortAndLong, parsing: .unconditional,
        help: ArgumentHelp("A raw prompt, without a chat template; - reads stdin.", valueName: "text"))
    var prompt: String?

    @Option(
        name: .shortAndLong, help: ArgumentHelp("A file with a raw prompt.", valueName: "file"), completion: .file())
    var file: String?

    @Option(
        help: ArgumentHelp(
            "A JSON file with a conversation: [{\"role\": …, \"content\": …}, …], or {\"messages\": […], \"tools\": […]}.",
            valueName: "file"), completion: .file())
    var messages: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("The prompt as token ids; works on models without a vocabulary.", valueName: "1,2,3"))
    var promptTokens: String?

    @OptionGroup var template: ChatTemplateOptions

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "A region of interest; may be repeated: system, user, assistant, tool, template, message:N, text:\"…\", regex:\"…\", "
                + "tokens:0..<12,15, heads:3.5,7.0, heads:@file.json, neurons:3.70,7.0, neurons:@file.json, "
                + "direction:@control-vector.gguf, direction:12@vector.npy, sae:@folder#7,12, each with an optional weight such as =-0.5.",
            valueName: "spec"))
    var roi: [String] = []

    @Flag(help: "Shows the tokenised prompt with the region marked, on stderr.")
    var showRoi = false

    func validate() throws {
        let given = [
            ("--user or --system", user != nil || system != nil), ("--prompt", prompt != nil), ("--file", file != nil),
            ("--messages", messages != nil), ("--prompt-tokens", promptTokens != nil),
        ].filter(\.1)
        if given.isEmpty, !StandardInput.isPiped { throw Self.noPrompt }
        let readers = [
            ("--system", system), ("--user", user), ("--prompt", prompt), ("--file", file), ("--messages", messages),
            ("--tools", template.tools), ("--chat-template-file", template.chatTemplateFile),
        ].filter { $0.1 == StandardInput.name }.map(\.0)
        if readers.count > 1 {
            throw ValidationError("stdin can be read once, not for \(readers.joined(separator: " and ")).")
        }
        if given.count > 1 {
            throw ValidationError(
                "Give the prompt in one way only, not with \(given.map(\.0).joined(separator: " and ")).")
        }
        if let option = template.given.first, prompt != nil || file != nil || promptTokens != nil {
            throw ValidationError("\(option) needs a conversation: give it with --user, --system or --messages.")
        }
        _ = try regions
    }

    /// The regions of --roi.
    var regions: [RegionSpecification] {
        get throws { try Self.regions(roi) }
    }

    static func regions(_ specifications: [String]) throws -> [RegionSpecification] {
        do {
            return try specifications.map { (text) throws(RegionError) in try RegionSpecification(text) }
        } catch {
            throw ValidationError("\(error)")
        }
    }

    /// - Parameter standing: regions that stand in where --roi names none.
    func resolve(for model: LanguageModel, standing: [RegionSpecification] = []) throws -> MarkedPrompt {
        let marked = try MarkedPrompt(makePrompt(model), regions: roi.isEmpty ? standing : regions)
        if marked.prompt.bringsBeginningOfSequence {
            Terminal.note(
                "the prompt begins with the token that begins every prompt of this model; it isn't added again")
        }
        try marked.validate(for: model)
        if showRoi {
            Terminal.writeError(RegionDisplay.render(marked.prompt, marked.region, tokenizer: model.tokenizer))
        }
        return marked
    }

    private func makePrompt(_ model: LanguageModel) throws -> Prompt {
        if let promptTokens {
            return try model.prompt(tokens: try Self.tokenIDs(promptTokens, option: "--prompt-tokens"))
        }
        if let prompt { return try model.prompt(text: try StandardInput.text(prompt)) }
        if let file { return try model.prompt(text: try Self.text(ofFile: file)) }
        return try template.prompt(try messages.map { try Conversation(file: $0) } ?? conversation, for: model)
    }

    /// Of a system and a user's message; the latter is piped where there is no prompt at all.
    private var conversation: Conversation {
        get throws {
            let system = try system.map { ChatMessage.system(try StandardInput.text($0)) }
            var user = try user.map { ChatMessage.user(try StandardInput.text($0)) }
            if system == nil, user == nil {
                let piped = try StandardInput.text(StandardInput.name)
                guard !piped.isEmpty else { throw Self.noPrompt }
                user = .user(piped)
            }
            return Conversation(messages: [system, user].compactMap { $0 })
        }
    }

    private static let noPrompt = ValidationError(
        "There is no prompt. Give one with --user, --prompt, --file, --messages or --prompt-tokens, or pipe it in.")

    static func tokenIDs(_ list: String, option: String) throws -> [Int] {
        try numbers(list, option: option, called: "a token id")
    }

    static func numbers(_ list: String, option: String, called kind: String) throws -> [Int] {
        try list.split(separator: ",", omittingEmptySubsequences: false).map { part in
            guard let number = Int(part.trimmingCharacters(in: .whitespaces)) else {
                throw ValidationError("\(option): '\(part)' is not \(kind). Give numbers separated by commas.")
            }
            return number
        }
    }
}
