import Foundation
import Hummingbird

/// An error as OpenAI's clients understand it: the status picks their exception class, the body says what is wrong.
struct APIError: Error, Hashable {
    var status: HTTPResponse.Status
    var message: String
    var type: String
    /// The field at fault, such as `messages[0].role`.
    var param: String?
    var code: String?
    /// Seconds after which trying again makes sense.
    var retryAfter: Int?
    /// The methods that the path has.
    var allowedMethods: String?

    static func invalid(_ message: String, param: String?, code: String? = nil) -> APIError {
        APIError(status: .badRequest, message: message, type: "invalid_request_error", param: param, code: code)
    }
    static let unauthorized = APIError(
        status: .unauthorized,
        message: "The API key is missing or wrong. Send it as 'Authorization: Bearer KEY' or as 'x-api-key: KEY'.",
        type: "authentication_error", code: "invalid_api_key")
    static func notFound(_ message: String, code: String? = nil) -> APIError {
        APIError(status: .notFound, message: message, type: "invalid_request_error", code: code)
    }
    static func methodNotAllowed(_ allowed: String) -> APIError {
        APIError(
            status: .methodNotAllowed, message: "This path has \(allowed) only.", type: "invalid_request_error",
            allowedMethods: allowed)
    }
    static func overloaded(retryAfter: Int) -> APIError {
        APIError(
            status: .tooManyRequests,
            message: "All slots are taken and the queue is full. Try again in \(retryAfter) s.",
            type: "rate_limit_error", code: "queue_full", retryAfter: retryAfter)
    }
    static func unavailable(_ message: String, code: String, retryAfter: Int = 1) -> APIError {
        APIError(
            status: .serviceUnavailable, message: message, type: "server_error", code: code, retryAfter: retryAfter)
    }
    static let internalError = APIError(
        status: .internalServerError, message: "The server failed to answer; its log says why.", type: "server_error")
}

extension APIError: Encodable {
    // What a client sent may be megabytes; nobody wants to read them back.
    var shortMessage: String { message.shortened(to: 1000) }
    var shortParam: String? { param?.shortened(to: 200) }

    private struct Body: Encodable {
        var message, type: String
        // OpenAI's clients expect the keys even where there is nothing to say.
        @EncodedNull var param: String?
        @EncodedNull var code: String?
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode([
            "error": Body(message: shortMessage, type: type, param: shortParam, code: code)
        ])
    }
}

extension APIError: HTTPResponseError {
    func response(from request: Request, context: some RequestContext) throws -> Response {
        try response(in: .openAI)
    }

    func response(in dialect: Dialect) throws -> Response {
        var response = try Response.json(dialect.body(of: self), status: status)
        if let retryAfter { response.headers[.retryAfter] = "\(retryAfter)" }
        if let allowedMethods { response.headers[.allow] = allowedMethods }
        if status == .unauthorized { response.headers[.wwwAuthenticate] = "Bearer" }
        return response
    }
}

extension String {
    fileprivate func shortened(to count: Int) -> String {
        utf8.count <= count ? self : String(decoding: utf8.prefix(count), as: UTF8.self) + "…"
    }
}

/// An optional that is written as `null` where it is nil, instead of being left out.
@propertyWrapper
struct EncodedNull<Value: Encodable & Sendable>: Encodable, Sendable {
    var wrappedValue: Value?

    init(wrappedValue: Value?) { self.wrappedValue = wrappedValue }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        if let wrappedValue { try container.encode(wrappedValue) } else { try container.encodeNil() }
    }
}

extension EncodedNull: Hashable, Equatable where Value: Hashable {}

extension Response {
    static func json(_ value: some Encodable, status: HTTPResponse.Status = .ok) throws -> Response {
        Response(
            status: status, headers: [.contentType: "application/json; charset=utf-8"],
            body: .init(byteBuffer: ByteBuffer(bytes: try JSONEncoder.api.encode(value))))
    }
}
