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

    func router() -> Router<APIContext> {
        let router = Router(context: APIContext.self)
        router.add(middleware: ErrorMiddleware(telemetry: telemetry))
        router.add(middleware: AccessMiddleware(key: configuration.apiKey, hosts: configuration.acceptedHosts))
        on(router, .chatCompletions) { body, served, context in
            let request = try GenerationRequest(
                chat: body, served, allowsPatterns: configuration.allowsRegularExpressions)
            return try await generate(request, served, context, prefix: "chatcmpl-") { ChatCompletion(head: $0) }
        }
        on(router, .completions) { body, served, context in
            let request = try GenerationRequest(
                completion: body, served, allowsPatterns: configuration.allowsRegularExpressions)
            return try await generate(request, served, context, prefix: "cmpl-") { TextCompletion(head: $0) }
        }
        on(router, .tokenize) { body, served, _ in try .json(tokenize(body, served)) }
        on(router, .attributions) { body, served, context in try .json(try await attribute(body, served, context)) }
        router.get(RouterPath(Endpoint.models.path)) { _, _ in try Response.json(ModelList([try await state.model])) }
        router.get("/v1/models/:name") { _, context in
            let served = try await state.model
            try served.check(name: context.parameters.get("name"))
            return try Response.json(ModelList.Entry(served))
        }
        router.get(RouterPath(Endpoint.health.path)) { _, _ in
            let served = try await state.model
            return try Response.json(
                Health(
                    busySlots: served.pool.busyCount, slots: served.pool.sessionCount, waiting: served.pool.waitingCount
                ))
        }
        router.get(RouterPath(Endpoint.metrics.path)) { _, _ in try await metrics() }
        router.get(RouterPath(Endpoint.openAPI.path)) { _, _ in try Response.json(OpenAPI.document) }
        Page.add(to: router)
        return router
    }

    /// Adds an endpoint whose requests are checked against the table of fields before they are handled.
    private func on(
        _ router: Router<APIContext>, _ endpoint: Endpoint,
        _ handle: @escaping @Sendable (JSON, ServedModel, APIContext) async throws -> Response
    ) {
        router.post(RouterPath(endpoint.path)) { request, context in
            let body = try await Self.body(request)
            guard case .object(let object) = body else {
                throw APIError.invalid("The body must be a JSON object; it is \(body.typeName).", param: nil)
            }
            try FieldType.check(object, endpoint.fields)
            let served = try await state.model
            try served.check(name: body["model"]?.string)
            return try await handle(body, served, context)
        }
    }

    /// Browsers send JSON to other sites only if those agree beforehand, which this server never does; other types they
    /// send unasked.
    private static func body(_ request: Request) async throws -> JSON {
        let type = request.headers[.contentType]?.prefix { $0 != ";" }.trimmingCharacters(in: .whitespaces).lowercased()
        guard type == "application/json" else {
            throw APIError(
                status: .unsupportedMediaType, message: "Send the body as 'Content-Type: application/json'.",
                type: "invalid_request_error", code: "unsupported_media_type")
        }
        let buffer: ByteBuffer
        do { buffer = try await request.body.collect(upTo: Limits.bodyBytes) } catch let error as any HTTPResponseError
        {
            throw error
        } catch let error as CancellationError {
            throw error
        } catch {
            throw APIError.invalid("The body can't be read: \(error).", param: nil)
        }
        return try JSON(parsing: Data(buffer.readableBytesView))
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
            hasChatTemplate =
                served.model.tokenizer?.chatTemplateSource.map { ChatTemplate(source: $0).isKnown } ?? false
        }
    }
    var object = "list"
    var data: [Entry]

    init(_ models: [ServedModel]) { data = models.map(Entry.init) }
}
