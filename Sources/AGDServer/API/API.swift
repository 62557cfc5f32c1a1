import AttributionGuidedDecoding
import Foundation
import Hummingbird
import NIOCore

/// The HTTP API of a model.
struct API: Sendable {
    let state: ModelState
    let configuration: ServerConfiguration
    let telemetry: Telemetry
    let registry: PrometheusRegistry
    private let bodies = BodyReader()

    func router() throws -> Router<APIContext> {
        let router = Router(context: APIContext.self, options: .autoGenerateHeadEndpoints)
        if !configuration.allowedOrigins.isEmpty {
            router.add(middleware: CrossOriginMiddleware(origins: Set(configuration.allowedOrigins)))
        }
        router.add(middleware: ErrorMiddleware(telemetry: telemetry))
        router.add(middleware: AccessMiddleware(key: configuration.apiKey, hosts: try configuration.acceptedHosts()))
        on(router, .chatCompletions) { work in
            try answer(conversation(work.body, work), work, prefix: "chatcmpl-") { ChatCompletion(head: $0) }
        }
        on(router, .completions) { work in
            let request = try GenerationRequest(
                completion: work.body, work.served, allowsPatterns: configuration.allowsRegularExpressions)
            return try answer(request, work, prefix: "cmpl-") { TextCompletion(head: $0) }
        }
        on(router, .responses) { work in
            try ChatTranslation(responses: work.body) { chat in
                try answer(conversation(chat, work), work, prefix: "resp_") {
                    ResponsesAnswer(head: $0, request: work.body)
                }
            }
        }
        on(router, .responseTokens) { work in
            let count = try ChatTranslation(responses: work.body) { try tokenCount($0, work.served) }
            let answer = try Response.json(TokenCount(count, object: "response.input_tokens"))
            return { answer }
        }
        on(router, .messages) { work in
            try ChatTranslation(messages: work.body) { chat in
                try answer(conversation(chat, work), work, prefix: "msg_") { MessagesAnswer(head: $0) }
            }
        }
        on(router, .messageTokens) { work in
            let count = try ChatTranslation(messages: work.body) { try tokenCount($0, work.served) }
            let answer = try Response.json(TokenCount(count))
            return { answer }
        }
        on(router, .tokenize) { work in
            let answer = try Response.json(tokenize(work.body, work.served))
            return { answer }
        }
        on(router, .embeddings) { work in try embeddings(work) }
        on(router, .attributions) { work in try attribution(work) }
        router.get(Endpoint.models.route) { _, _ in try Response.json(ModelList([try await state.model])) }
        router.get(Endpoint.model.route) { _, context in
            let served = try await state.model
            try served.check(pathComponents: context.parameters.getCatchAll())
            return try Response.json(ModelList.Entry(served))
        }
        router.get(Endpoint.health.route) { _, _ in
            let served = try await state.model
            return try Response.json(
                Health(
                    busySlots: served.pool.busyCount, slots: served.pool.sessionCount, waiting: served.pool.waitingCount
                ))
        }
        router.get(Endpoint.metrics.route) { _, _ in try await metrics() }
        // Made once: it is for everybody, and making it takes far longer than asking for it.
        let description = try Response.json(OpenAPI.document)
        router.get(Endpoint.openAPI.route) { _, _ in description }
        Page.add(to: router)
        for endpoint in Endpoint.all { refuseOtherMethods(router, endpoint) }
        return router
    }

    private func conversation(_ body: JSONValue, _ work: AdmittedRequest) throws -> GenerationRequest {
        try GenerationRequest(chat: body, work.served, allowsPatterns: configuration.allowsRegularExpressions)
    }

    /// Computes an answer when all that can be wrong with the request has been told.
    typealias Answering = @Sendable () async throws -> Response

    /// Adds an endpoint that has work done.
    ///
    /// A request is received, gets a place among those that are worked on or wait, and is then prepared (read, checked
    /// against the table of fields, tokenised, its regions found) on threads that hold nobody else up. All this ends when
    /// the client hangs up.
    /// - Parameter prepare: checks the request; it can be cancelled by its task.
    private func on(
        _ router: Router<APIContext>, _ endpoint: Endpoint,
        _ prepare: @escaping @Sendable (AdmittedRequest) throws -> Answering
    ) {
        router.post(endpoint.route) { request, context in
            try Self.checkType(request)
            let served = try await state.model
            let body = try await bodies.body(of: request, context)
            let (admission, answering) = try await context.cancellingOnHangUp {
                let admission = try served.pool.admit()
                let answering = try await served.preparation.run {
                    let body = try endpoint.checked(JSONValue(parsing: Data(body.readableBytesView)))
                    try served.check(name: body["model"]?.string)
                    return try prepare(
                        AdmittedRequest(body: body, served: served, admission: admission, context: context))
                }
                return (admission, answering)
            }
            return try await answering().holding(admission)
        }
    }

    /// Browsers send JSON to other sites only if those agree beforehand, which this server does for named origins only;
    /// other types they send unasked.
    private static func checkType(_ request: Request) throws {
        let type = request.headers[.contentType]?.prefix { $0 != ";" }.trimmingCharacters(in: .whitespaces).lowercased()
        guard type == "application/json" else {
            throw APIError(
                status: .unsupportedMediaType, message: "Send the body as 'Content-Type: application/json'.",
                type: "invalid_request_error", code: "unsupported_media_type")
        }
        guard ["", "identity"].contains(request.headers[.contentEncoding]?.lowercased() ?? "") else {
            throw APIError(
                status: .unsupportedMediaType, message: "Send the body as it is, without 'Content-Encoding'.",
                type: "invalid_request_error", code: "unsupported_media_type")
        }
    }

    private func refuseOtherMethods(_ router: Router<APIContext>, _ endpoint: Endpoint) {
        let allowed: [HTTPRequest.Method] = endpoint.method == .get ? [.get, .head] : [.post]
        let message = allowed.map(\.rawValue).joined(separator: ", ")
        let known: [HTTPRequest.Method] = [.get, .head, .post, .put, .delete, .patch, .options, .trace]
        let methods = known + ["QUERY"].compactMap { HTTPRequest.Method($0) }
        for method in methods where !allowed.contains(method) {
            router.on(endpoint.route, method: method) { _, _ -> Response in throw APIError.methodNotAllowed(message) }
        }
    }

    private func metrics() async throws -> Response {
        if case .ready(let served) = await state.phase {
            telemetry.slots(busy: served.pool.busyCount, waiting: served.pool.waitingCount)
        }
        return Response(
            status: .ok, headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
            body: .init(byteBuffer: ByteBuffer(string: registry.text)))
    }
}

/// A request that has its place, with all that answering it takes.
struct AdmittedRequest: Sendable {
    /// Checked against the endpoint's fields; without those that mean nothing.
    let body: JSONValue
    let served: ServedModel
    let admission: SessionPool.Admission
    let context: APIContext
}

extension Response {
    /// Above this an answer waits here for its client to read, and not in the kernel.
    private static let waitingBytes = 64 << 10

    /// Keeps a large answer's place until its client has taken it: what waits to be read is bounded like what is computed.
    fileprivate func holding(_ admission: SessionPool.Admission) -> Response {
        guard let count = body.contentLength, count > Self.waitingBytes else { return self }
        var response = self
        response.body = ResponseBody(contentLength: count) { [body] writer in
            try await body.write(writer)
            withExtendedLifetime(admission) {}
        }
        return response
    }
}

struct Health: Encodable {
    var status = "ok"
    var busySlots, slots, waiting: Int
}

struct ModelList: Encodable {
    struct Entry: Encodable {
        var id: String
        var object = "model"
        var created: Int
        var ownedBy = "local"
        var architecture: String
        var contextLength, vocabularySize: Int
        var hasChatTemplate: Bool

        init(_ served: ServedModel) {
            id = served.name
            created = served.created
            architecture = served.model.configuration.architecture
            contextLength = served.contextLength
            vocabularySize = served.model.configuration.vocabularySize
            hasChatTemplate = served.hasChatTemplate
        }
    }
    var object = "list"
    var data: [Entry]

    init(_ models: [ServedModel]) { data = models.map(Entry.init) }
}
