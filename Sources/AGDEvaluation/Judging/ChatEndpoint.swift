import AsyncHTTPClient
import AttributionGuidedDecoding
import Foundation
import NIOCore
import NIOPosix

/// A model behind an OpenAI-compatible `/chat/completions`, asked at temperature 0.
public struct ChatEndpoint: Sendable {
    /// Posts a body of JSON to the endpoint; the answer's status and body.
    typealias Transport = @Sendable (_ request: HTTPClientRequest) async throws -> (status: Int, body: Data)

    /// Where messages are posted.
    public let url: URL
    /// The model that is asked there.
    public let model: String
    private let key: Secret?
    private let transport: Transport

    /// - Parameters:
    ///   - url: such as `http://localhost:8080/v1`; `/chat/completions` is added where it is missing.
    ///   - key: sent as a bearer token; nil sends none.
    /// - Throws: ``EvaluationError`` for anything but an http(s) address.
    public init(url text: String, model: String, key: Secret? = nil) throws(EvaluationError) {
        try self.init(url: text, model: model, key: key, transport: Self.send)
    }

    init(
        url text: String, model: String, key: Secret? = nil, transport: @escaping Transport
    ) throws(EvaluationError) {
        guard let url = URL(string: text), ["http", "https"].contains(url.scheme), url.host != nil else {
            throw EvaluationError(
                field: "judge", problem: "'\(text)' is not an address",
                remedy: "give one such as http://localhost:8080/v1")
        }
        // Said here, for who sends it would show it in an error.
        guard key?.isHeaderValue != false else {
            throw EvaluationError(
                field: "judge", problem: "its key contains a line end or another control character",
                remedy: "give the key alone")
        }
        self.url = url.path.hasSuffix("/chat/completions") ? url : url.appending(path: "chat/completions")
        self.model = model
        self.key = key
        self.transport = transport
    }

    /// Whether whoever carries the request to another machine can read the key.
    public var sendsKeyInClear: Bool {
        let isLocal = ["localhost", "127.0.0.1", "::1", "[::1]"].contains(url.host ?? "")
        return key != nil && url.scheme?.lowercased() != "https" && !isLocal
    }

    /// Answers longer than this are none to a judge's prompt.
    private static let longestAnswer = 4 << 20

    /// Lives as long as the process. A judge that can't be reached is an error at once, and not tried until the time is up.
    private static let client = {
        var configuration = HTTPClient.Configuration()
        configuration.connectionPool.retryConnectionEstablishment = false
        return HTTPClient(eventLoopGroup: MultiThreadedEventLoopGroup.singleton, configuration: configuration)
    }()

    private static func send(_ request: HTTPClientRequest) async throws -> (status: Int, body: Data) {
        let response = try await client.execute(request, timeout: .seconds(300))
        let body = try await response.body.collect(upTo: longestAnswer)
        return (Int(response.status.code), Data(body.readableBytesView))
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
        var request = HTTPClientRequest(url: url.absoluteString)
        request.method = .POST
        request.headers.add(name: "Content-Type", value: "application/json")
        if let key { request.headers.add(name: "Authorization", value: "Bearer \(key.reveal())") }
        request.body = .bytes(
            try JSONEncoder().encode(Request(model: model, messages: [.init(role: "user", content: prompt)])))
        let (status, body): (Int, Data)
        do { (status, body) = try await transport(request) } catch let error as CancellationError {
            throw error
        } catch {
            throw failure("can't be reached (\(Self.reason(error)))", "check that it runs and its address")
        }
        guard status == 200 else {
            throw failure(
                "answered with status \(status): \(String(decoding: body.prefix(200), as: UTF8.self))",
                "check its address, the name of the model and the key")
        }
        do {
            if let content = try JSONDecoder().decode(Response.self, from: body).choices.first?.message.content {
                return content
            }
        } catch is DecodingError {}
        throw failure("did not answer as an OpenAI-compatible endpoint does", "check its address")
    }

    /// Why a connection failed, without the addresses that were tried.
    private static func reason(_ error: any Error) -> String {
        switch error {
        case let error as NIOConnectionError:
            error.connectionErrors.last.map { reason($0.error) } ?? "\(error.host) is unknown"
        case let error as IOError: String(cString: strerror(error.errnoCode))
        default: "\(error)"
        }
    }

    private func failure(_ problem: String, _ remedy: String) -> EvaluationError {
        EvaluationError(field: "judge", problem: "\(url) \(problem)", remedy: remedy)
    }
}
