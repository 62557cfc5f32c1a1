import AGDInsight
import AttributionGuidedDecoding

/// A request for text, checked and bound to the model: everything that can be wrong with it is told before work begins.
struct GenerationRequest: Sendable {
    /// One for each prompt.
    var decodings: [Decoding]
    private var method: DecodingMethod
    /// What of the request has no effect.
    var notes: [String]
    var limits: GenerationLimits
    var constraints: DecodingConstraints
    /// How calls of tools are read from the answer; nil where there are no tools.
    var toolCallFormat: ToolCallFormat?
    /// Answers for each prompt.
    var choiceCount: Int
    /// Likeliest tokens to tell at each place; nil where probabilities aren't asked for.
    var logProbabilityCount: Int?
    /// Whether the prompt begins the answer.
    var echoes: Bool
    var traces: Bool
    /// How sources are told; nil where they aren't asked for.
    var sources: AnswerSources.Options?
    var streams: Bool
    var includesUsage: Bool

    /// What is decoded, and how.
    struct Decoding: Sendable {
        /// The prompt that was sent, or, where guidance is by words, what was made of it.
        var prompt: Prompt
        /// In the prompt that was sent.
        var region: RegionOfInterest
        var strategy: any DecodingStrategy
    }

    var prompts: [Prompt] { decodings.map(\.prompt) }

    /// The strategy of one answer; with sampling each answer to a prompt has a seed of its own.
    func strategy(_ choice: Int) -> any DecodingStrategy {
        guard case .sample(var options) = method else { return decodings[choice / choiceCount].strategy }
        options.seed &+= UInt64(choice)
        return Sampling(options)
    }

    /// How a region guides; nil where none does.
    var guidance: Guidance? { method.guidance }

    /// Candidates that a step has at most.
    var candidateCount: Int { method.candidateCount }

    /// Passes through the whole sequence that a step may take beside its own: one forward, and one back for each candidate.
    var backwardPasses: Int {
        guard case .reverseGuided(let settings) = method else { return 0 }
        return 1 + settings.candidates.count
    }

    /// A chat completion.
    init(chat body: JSONValue, _ served: ServedModel, allowsPatterns: Bool) throws {
        let conversation = try Conversation(body)
        let prompt = try Self.naming("messages") { try conversation.prompt(served) }
        let maximum = try Self.oneOf(body, "max_tokens", "max_completion_tokens")
        let count = body["top_logprobs"]?.integer
        if count ?? 0 > 0, body["logprobs"]?.bool != true {
            throw APIError.invalid("'top_logprobs' needs 'logprobs': true.", param: "top_logprobs")
        }
        try self.init(
            body, served, prompts: [prompt], allowsPatterns: allowsPatterns, maximumTokens: maximum,
            logProbabilityCount: body["logprobs"]?.bool == true ? count ?? 0 : nil, promptField: "messages")
        let tools = try ToolRequest(body)
        toolCallFormat = served.model.toolCallFormat(of: prompt)
        if let grammar = try tools.grammar(toolCallFormat) {
            constraints.grammar = grammar
            do { try constraints.check(for: served.model) } catch let error as GrammarError {
                throw APIError.invalid("'tools': \(error)", param: "tools")
            }
        }
    }

    /// A completion of raw prompts.
    init(completion body: JSONValue, _ served: ServedModel, allowsPatterns: Bool) throws {
        for name in ["tools", "documents"] where body["agd"]?[name] != nil {
            throw APIError.invalid("'agd.\(name)' is about messages, and a raw prompt has none.", param: "agd.\(name)")
        }
        let prompts = try RawPrompt.all(in: body).map { prompt in
            try Self.naming("prompt") { try prompt.prompt(served) }
        }
        let maximum = body["max_tokens"]?.integer ?? 16
        try self.init(
            body, served, prompts: prompts, allowsPatterns: allowsPatterns, maximumTokens: maximum < 0 ? nil : maximum,
            logProbabilityCount: body["logprobs"]?.integer, promptField: "prompt")
        echoes = body["echo"]?.bool ?? false
        if limits.maximumTokens == 0, !echoes {
            throw APIError.invalid(
                "'max_tokens' may be 0 with 'echo' only; ask for at least 1 token.", param: "max_tokens")
        }
    }

    private init(
        _ body: JSONValue, _ served: ServedModel, prompts: [Prompt], allowsPatterns: Bool, maximumTokens: Int?,
        logProbabilityCount: Int?, promptField: String
    ) throws {
        for prompt in prompts { try Self.checkLength(prompt, served, promptField) }
        let regions = try RegionRequest(
            body, standing: served.standard?.regions(in: prompts) ?? [], allowsPatterns: allowsPatterns)
        let strategy = try StrategyRequest(body, regions: regions, standard: served.standard?.method)
        method = strategy.method
        notes = strategy.notes + Self.notes(on: prompts) + Self.notes(on: strategy.method, served)
        decodings = try regions.mark(prompts, model: served.model).map { marked in
            try Self.decoding(of: marked, by: strategy.method, served, promptField)
        }
        let stop = body["stop"]?.string.map { [$0] } ?? (body["stop"]?.array ?? []).compactMap(\.string)
        limits = GenerationLimits(
            maximumTokens: maximumTokens, stopStrings: stop, ignoresEndOfGeneration: body["ignore_eos"]?.bool ?? false)
        constraints = try DecodingConstraints(body, served, maximumTokens: maximumTokens)
        choiceCount = body["n"]?.integer ?? 1
        self.logProbabilityCount = logProbabilityCount
        echoes = false
        traces = body["agd"]?["trace"]?.bool ?? false
        sources = try AnswerSources.Options(body["agd"], decodings.map(\.prompt), served)
        streams = body["stream"]?.bool ?? false
        includesUsage = body["stream_options"]?["include_usage"]?.bool ?? false
    }

    private static func notes(on prompts: [Prompt]) -> [String] {
        guard prompts.contains(where: \.bringsBeginningOfSequence) else { return [] }
        return ["prompt: begins with the token that begins every prompt of this model; it isn't added again"]
    }

    private static func notes(on method: DecodingMethod, _ served: ServedModel) -> [String] {
        guard case .sample(let options) = method else { return [] }
        return [options.note(onRecommended: served.model.configuration.recommendedSampling)].compactMap { $0 }
    }

    private static func decoding(
        of marked: MarkedPrompt, by method: DecodingMethod, _ served: ServedModel, _ promptField: String
    ) throws -> Decoding {
        do {
            let (prompt, strategy) = try naming(promptField) {
                try method.decoding(
                    of: marked, with: served.model, reverse: .init(threadCount: served.threadCount))
            }
            for prompt in [prompt] + strategy.needs.companions.map(\.prompt) {
                try checkLength(prompt, served, promptField)
            }
            return Decoding(prompt: prompt, region: marked.region, strategy: strategy)
        } catch let error as DecodingOptionError {
            throw APIError(error)
        } catch let error as RegionError {
            throw APIError.invalid("'agd.roi': \(error)", param: "agd.roi")
        }
    }

    private static func checkLength(_ prompt: Prompt, _ served: ServedModel, _ field: String) throws {
        guard prompt.tokens.count >= served.contextLength else { return }
        throw APIError.invalid(
            "The prompt has \(prompt.tokens.count) tokens and leaves no room in the context of \(served.contextLength); shorten it.",
            param: field, code: "context_length_exceeded")
    }

    private static func oneOf(_ body: JSONValue, _ first: String, _ second: String) throws -> Int? {
        if let a = body[first]?.integer, let b = body[second]?.integer, a != b {
            throw APIError.invalid("'\(first)' and '\(second)' differ; give one of them.", param: second)
        }
        return body[first]?.integer ?? body[second]?.integer
    }

    /// Errors about the prompt as errors of the field it came from.
    static func naming<Result>(_ field: String, _ body: () throws -> Result) throws -> Result {
        do { return try body() } catch let error as PromptError {
            switch error {
            case .noTemplate:
                throw APIError.invalid(
                    "The model has no chat template; send the whole prompt to /v1/completions.",
                    param: field,
                    code: "no_chat_template")
            case .noVocabulary:
                throw APIError.invalid("The model has no vocabulary; send the prompt as token ids.", param: field)
            case .empty: throw APIError.invalid("'\(field)' is empty.", param: field)
            default: throw APIError.invalid("'\(field)': \(error)", param: field)
            }
        } catch let error as TokenError {
            throw APIError.invalid("'\(field)': \(error)", param: field)
        }
    }
}

/// The messages of a request.
struct Conversation {
    var messages: [ChatMessage]
    private let options: TemplateOptions

    init(_ body: JSONValue) throws {
        var messages: [ChatMessage] = []
        for (index, message) in (body["messages"]?.array ?? []).enumerated() {
            if message["content"] == nil, message["role"]?.string != "assistant" {
                throw APIError.invalid(
                    "'messages[\(index)].content' is missing; only an assistant may have said nothing.",
                    param: "messages[\(index)].content")
            }
            messages.append(try ChatMessage(message, at: "messages[\(index)]"))
        }
        options = try TemplateOptions(body, messages: messages)
        self.messages = body["agd"]?["tools"] == "untrusted" ? messages.distrustingTools() : messages
    }

    func prompt(_ served: ServedModel) throws -> Prompt {
        try served.check(byteCount: messages.reduce(0) { $0 + $1.content.utf8.count }, field: "messages")
        let put = options.documents.filter { $0.place == nil }
        try served.check(byteCount: put.reduce(0) { $0 + $1.text.utf8.count }, field: "documents")
        do { return try served.prompt(messages, options: options) } catch let error as PromptError {
            switch error {
            case .noPlaceForTools: throw APIError.invalid("'\(toolField)': \(error).", param: toolField)
            case .noPlaceForDocuments, .documentContainsNull:
                throw APIError.invalid("'documents': \(error).", param: "documents")
            default: throw error
            }
        }
    }

    /// Where tools are spoken of first.
    private var toolField: String {
        guard options.tools.isEmpty, let index = messages.firstIndex(where: { !$0.toolCalls.isEmpty }) else {
            return "tools"
        }
        return "messages[\(index)].tool_calls"
    }
}

/// A prompt without a template.
enum RawPrompt {
    case text(String)
    case tokens([Int])

    /// A text, an array of texts, of token ids, or of arrays of token ids.
    static func all(in body: JSONValue, _ field: String = "prompt") -> [RawPrompt] {
        guard let prompt = body[field] else { return [] }
        if let text = prompt.string { return [.text(text)] }
        let items = prompt.array ?? []
        if items.first?.integer != nil { return [.tokens(items.compactMap(\.integer))] }
        return items.map { item in item.string.map(RawPrompt.text) ?? .tokens((item.array ?? []).compactMap(\.integer))
        }
    }

    func prompt(_ served: ServedModel, _ field: String = "prompt") throws -> Prompt {
        switch self {
        case .text(let text):
            try served.check(byteCount: text.utf8.count, field: field)
            return try served.model.prompt(text: text)
        case .tokens(let tokens): return try served.model.prompt(tokens: tokens)
        }
    }
}
