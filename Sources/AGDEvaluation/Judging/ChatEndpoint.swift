import Foundation

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// A model behind an OpenAI-compatible `/chat/completions`, asked at temperature 0.
public struct ChatEndpoint: Sendable {
    public let url: URL
    public let model: String
    private let key: String?
    private let session: URLSession

    /// - Parameters:
    ///   - url: such as `http://localhost:8080/v1`; `/chat/completions` is added where it is missing.
    ///   - key: sent as a bearer token; nil sends none.
    /// - Throws: ``EvaluationError`` for anything but an http(s) address.
    public init(url text: String, model: String, key: String? = nil) throws(EvaluationError) {
        try self.init(url: text, model: model, key: key, configuration: .ephemeral)
    }

    init(
        url text: String, model: String, key: String? = nil, configuration: URLSessionConfiguration
    ) throws(EvaluationError) {
        guard let url = URL(string: text), ["http", "https"].contains(url.scheme), url.host != nil else {
            throw EvaluationError(
                field: "judge", problem: "'\(text)' is not an address",
                remedy: "give one such as http://localhost:8080/v1")
        }
        self.url = url.path.hasSuffix("/chat/completions") ? url : url.appending(path: "chat/completions")
        self.model = model
        self.key = key
        configuration.timeoutIntervalForRequest = 300
        session = URLSession(configuration: configuration)
    }

    private struct Request: Encodable {
        struct Message: Encodable { var role, content: String }
        var model: String
        var messages: [Message]
        var temperature = 0.0
    }
    private struct Response: Decodable {
        struct Choice: Decodable { var message: Message }
        struct Message: Decodable { var content: String? }
        var choices: [Choice]
    }

    /// The endpoint's answer to one user message.
    /// - Throws: ``EvaluationError`` where there is none.
    func answer(to prompt: String) async throws -> String {
        var request = URLRequest(url: url)
        request.httpMethod = "POST"
        request.setValue("application/json", forHTTPHeaderField: "Content-Type")
        if let key { request.setValue("Bearer \(key)", forHTTPHeaderField: "Authorization") }
        request.httpBody = try JSONEncoder().encode(
            Request(model: model, messages: [.init(role: "user", content: prompt)]))
        let (data, response): (Data, URLResponse)
        do { (data, response) = try await session.data(for: request) } catch {
            throw failure("can't be reached (\(error.localizedDescription))", "check that it runs and its address")
        }
        let status = (response as? HTTPURLResponse)?.statusCode ?? 0
        guard status == 200 else {
            throw failure(
                "answered with status \(status): \(String(decoding: data.prefix(200), as: UTF8.self))",
                "check its address, --judge-model and the key")
        }
        do {
            if let content = try JSONDecoder().decode(Response.self, from: data).choices.first?.message.content {
                return content
            }
        } catch is DecodingError {}
        throw failure("did not answer as an OpenAI-compatible endpoint does", "check its address")
    }

    private func failure(_ problem: String, _ remedy: String) -> EvaluationError {
        EvaluationError(field: "judge", problem: "\(url) \(problem)", remedy: remedy)
    }
}
