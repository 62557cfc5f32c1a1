import AttributionGuidedDecoding
import Foundation
import Hummingbird
import Logging
import NIOEmbedded
import Synchronization
import Testing

@testable import AGDServer

/// The API on the repository's model, spoken to in memory.
struct TestServer: Sendable {
    let state = ModelState()
    private let responder: any HTTPResponder<APIContext>

    static let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// The model of the repository; it has a chat template. Where it is missing, tests fail.
    static let modelPath: String? = repository.appending(path: "Models/microcosm.gguf").path
    /// Loaded once: its weights serve all servers.
    private static let model = Result { try LanguageModel(path: modelPath ?? "Models/microcosm.gguf") }

    /// - Parameters:
    ///   - isLoaded: false leaves the server waiting for its model.
    ///   - model: in the place of the repository's.
    init(isLoaded: Bool = true, model: LanguageModel? = nil, _ change: (inout ServerConfiguration) -> Void = { _ in })
        async throws
    {
        var configuration = ServerConfiguration(modelName: "test")
        configuration.inference.threadCount = 1
        configuration.inference.cacheType = .float32
        change(&configuration)
        let registry = PrometheusRegistry()
        let api = API(state: state, configuration: configuration, telemetry: Telemetry(registry), registry: registry)
        responder = try api.router().buildResponder()
        if isLoaded {
            await state.ready(
                try ServedModel(
                    model ?? Self.model.get(), name: configuration.modelName, configuration: configuration.inference)
            )
        }
    }

    struct Reply: Sendable {
        var status: Int
        var headers: HTTPFields
        var body: Data
        var text: String { String(decoding: body, as: UTF8.self) }
        var json: JSONValue { get throws { try JSONValue(parsing: body) } }
        /// The data of a stream's events.
        var events: [String] { lines("data: ") }
        /// The names of a stream's events, where they have some.
        var eventNames: [String] { lines("event: ") }

        private func lines(_ beginning: String) -> [String] {
            text.components(separatedBy: "\n").filter { $0.hasPrefix(beginning) }.map {
                String($0.dropFirst(beginning.count))
            }
        }
    }

    func post(_ path: String, _ body: JSONValue, headers: HTTPFields = [:]) async throws -> Reply {
        try await send(.post, path, JSONEncoder.api.encode(body), headers: headers)
    }

    func get(_ path: String, headers: HTTPFields = [:]) async throws -> Reply {
        try await send(.get, path, Data(), headers: headers)
    }

    func send(_ method: HTTPRequest.Method, _ path: String, _ body: Data, headers: HTTPFields = [:]) async throws
        -> Reply
    { try await send(method, path, RequestBody(buffer: ByteBuffer(bytes: body)), headers: headers) }

    func send(
        _ method: HTTPRequest.Method, _ path: String, _ body: RequestBody, headers: HTTPFields = [:]
    ) async throws -> Reply {
        var headers = headers
        if method == .post, headers[.contentType] == nil { headers[.contentType] = "application/json" }
        let request = Request(
            head: .init(method: method, scheme: "http", authority: "localhost", path: path, headerFields: headers),
            body: body)
        let context = APIContext(
            source: .init(
                channel: NIOAsyncTestingChannel(), logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }))
        let response = try await responder.respond(to: request, context: context)
        let writer = CollectingWriter()
        try await response.body.write(writer)
        return Reply(status: response.status.code, headers: response.headers, body: writer.data)
    }
}

private final class CollectingWriter: ResponseBodyWriter, Sendable {
    private let collected = Mutex(Data())
    var data: Data { collected.withLock { $0 } }
    func write(_ buffer: ByteBuffer) async throws {
        collected.withLock { $0.append(contentsOf: buffer.readableBytesView) }
    }
    func finish(_ trailingHeaders: HTTPFields?) async throws {}
}

extension JSONValue {
    subscript(_ index: Int) -> JSONValue? { array.flatMap { $0.indices.contains(index) ? $0[index] : nil } }
}

/// A conversation whose rule and request are at odds.
let conflict: JSONValue = [
    ["role": "system", "content": "Answer in Spanish."],
    ["role": "user", "content": "Please answer in English: where is the cat?"],
]
