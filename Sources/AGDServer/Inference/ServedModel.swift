import AttributionGuidedDecoding
import Foundation

/// A loaded model with the name it is served by and its sessions.
struct ServedModel: Sendable {
    var model: LanguageModel
    var name: String
    var pool: SessionPool
    var contextLength: Int
    var threadCount: Int
    let created = Int(Date().timeIntervalSince1970)

    init(_ model: LanguageModel, name: String, configuration: ServerConfiguration.Inference) throws {
        self.model = model
        self.name = name
        contextLength = configuration.contextLength ?? min(model.configuration.contextLength, 4096)
        threadCount =
            configuration.threadCount ?? max(1, Session.Options.defaultThreadCount / configuration.sessionCount)
        let options = Session.Options(
            contextLength: contextLength, threadCount: threadCount, cacheType: configuration.cacheType)
        pool = SessionPool(
            try (0..<configuration.sessionCount).map { _ in try Session(model, options: options) },
            queueLength: configuration.queueLength)
    }

    /// - Throws: ``APIError`` with status 404 where another model is asked for.
    func check(name wanted: String?) throws {
        guard let wanted, !wanted.isEmpty, wanted != name else { return }
        throw APIError.notFound(
            "There is no model '\(wanted.prefix(100))' here; this server has '\(name)'.", code: "model_not_found")
    }

    func text(of token: Int) -> String { model.tokenizer?.text(of: token) ?? "" }
    /// What the token adds to an answer: nothing where it is a control token.
    func bytes(of token: Int) -> [UInt8] { model.tokenizer?.bytes(of: token) ?? [] }
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
    func stop() { phase = .stopping }

    /// - Throws: ``APIError`` with status 503 where requests can't be served.
    var model: ServedModel {
        get throws {
            switch phase {
            case .ready(let model): return model
            case .loading(let fraction):
                throw APIError.unavailable("The model is being loaded: \(Int(fraction * 100)) % done.", code: "loading")
            case .stopping: throw APIError.unavailable("The server is stopping.", code: "stopping", retryAfter: 5)
            }
        }
    }
}
