import AttributionGuidedDecoding
import Foundation

/// A loaded model with the name it is served by and its sessions.
struct ServedModel: Sendable {
    var model: LanguageModel
    var name: String
    var pool: SessionPool
    var contextLength: Int
    /// What stands in where a request names no strategy.
    let standard: StandardDecoding?
    /// In place of the model's own.
    private let chatTemplate: ChatTemplate?
    /// Of an attribution, of which as many run at once as there are sessions.
    var threadCount: Int
    /// Prepare requests before their turn at a session.
    let preparation: BackgroundThreads
    /// Attribute in the place of sessions.
    let attribution: BackgroundThreads
    /// Bytes of the longest token.
    private let longestToken: Int
    let created = Int(Date().timeIntervalSince1970)

    init(_ model: LanguageModel, name: String, configuration: ServerConfiguration.Inference) throws {
        self.model = model
        self.name = name
        standard = configuration.standard
        chatTemplate = try configuration.chatTemplate.map { try model.chatTemplate(source: $0) }
        preparation = BackgroundThreads(count: configuration.sessionCount)
        attribution = BackgroundThreads(count: configuration.sessionCount)
        longestToken =
            model.tokenizer.map { tokenizer in
                (0..<tokenizer.tokenCount).reduce(1) {
                    max($0, tokenizer.bytes(of: $1, showsSpecialTokens: true).count)
                }
            } ?? 1
        contextLength = configuration.contextLength ?? min(model.configuration.contextLength, 4096)
        threadCount =
            configuration.threadCount ?? max(1, Session.Options.defaultThreadCount / configuration.sessionCount)
        var options = Session.Options(
            contextLength: contextLength,
            threadCount: configuration.threadCount ?? Session.Options.defaultThreadCount,
            cacheType: configuration.cacheType)
        options.draft = configuration.draft
        let batch = try DecodingBatch(model, options: options)
        pool = SessionPool(
            (0..<configuration.sessionCount).map { _ in Session(batch) }, queueLength: configuration.queueLength)
    }

    /// Whether conversations can be rendered.
    var hasChatTemplate: Bool { chatTemplate != nil || model.tokenizer?.chatTemplateSource != nil }

    /// A conversation as a prompt.
    /// - Throws: ``PromptError``, ``TokenError``.
    func prompt(_ messages: [ChatMessage], options: TemplateOptions) throws -> Prompt {
        try model.prompt(messages, template: chatTemplate, options: options)
    }

    /// - Throws: ``APIError`` with status 404 where another model is asked for.
    func check(name wanted: String?) throws {
        guard let wanted, !wanted.isEmpty, wanted != name else { return }
        throw APIError.notFound(
            "There is no model '\(wanted.prefix(100))' here; this server has '\(name)'.", code: "model_not_found")
    }

    /// The same for a name that is the rest of a path, in which a slash may be spelt as such or as %2F.
    func check(pathComponents: [Substring]) throws {
        let wanted = pathComponents.map { $0.removingPercentEncoding ?? String($0) }.joined(separator: "/")
        let own = name.split(separator: "/").joined(separator: "/")
        try check(name: wanted == own ? name : wanted)
    }

    /// Refuses texts that can't fit, however they are tokenised: tokenising them would take long, and be in vain.
    func check(byteCount: Int, field: String) throws {
        let fewestTokens = byteCount / longestToken
        guard fewestTokens > contextLength else { return }
        throw APIError.invalid(
            "The prompt has at least \(fewestTokens) tokens; the context holds \(contextLength).", param: field,
            code: "context_length_exceeded")
    }

    func text(of token: Int) -> String { model.tokenizer?.text(of: token) ?? "" }
    /// What the token adds to an answer: nothing where it is a control token.
    func bytes(of token: Int) -> [UInt8] { model.tokenizer?.bytes(of: token) ?? [] }
    /// The token's bytes where they aren't text by themselves, such as a part of a character.
    func inexactBytes(of token: Int) -> [UInt8]? {
        let bytes = bytes(of: token)
        return String(validating: bytes, as: UTF8.self) == nil ? bytes : nil
    }
    /// Whether the token has a name but adds nothing to an answer.
    func isControl(_ token: Int) -> Bool { bytes(of: token).isEmpty && !text(of: token).isEmpty }
}

/// The model while it is loaded, served and let go.
actor ModelState {
    enum Phase: Sendable {
        case loading(Double)
        case ready(ServedModel)
        case stopping
    }
    private(set) var phase = Phase.loading(0)

    func loading(_ fraction: Double) { if case .loading = phase { phase = .loading(fraction) } }
    func ready(_ model: ServedModel) { if case .loading = phase { phase = .ready(model) } }
    func reload() { if case .ready = phase { phase = .loading(0) } }
    func stop() { phase = .stopping }

    var isLoading: Bool { if case .loading = phase { true } else { false } }

    /// A machine that held a part of the model that is served.
    var lostServer: TensorGraphError? { if case .ready(let served) = phase { served.model.lostServer } else { nil } }

    /// - Throws: ``APIError`` with status 503 where requests can't be served.
    var model: ServedModel {
        get throws {
            switch phase {
            case .ready(let served):
                if let error = served.model.lostServer { throw APIError.failure(error) }
                return served
            case .loading(let fraction):
                throw APIError.unavailable("The model is being loaded: \(Int(fraction * 100)) % done.", code: "loading")
            case .stopping: throw APIError.unavailable("The server is stopping.", code: "stopping", retryAfter: 5)
            }
        }
    }
}
