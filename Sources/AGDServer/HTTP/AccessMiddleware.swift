import AttributionGuidedDecoding
import HTTPTypes
import Hummingbird

/// Lets in who may. Where there is a key everything asks for it, and what the router hasn't matched too, except for the
/// endpoints that are declared to be for everybody. No request is taken that a foreign web page makes in a browser.
struct AccessMiddleware: RouterMiddleware {
    typealias Context = APIContext
    let key: Secret?
    /// Names under which the server may be spoken to; nil for any. A server on loopback would otherwise answer to any
    /// web page whose host name is made to point at it (DNS rebinding).
    let hosts: [String]?

    func handle(_ request: Request, context: Context, next: (Request, Context) async throws -> Response) async throws
        -> Response
    {
        try checkHost(request)
        if let key, context.endpoint?.isPublic != true {
            guard key.isGiven(by: request) else { throw APIError.unauthorized }
        }
        return try await next(request, context)
    }

    private func checkHost(_ request: Request) throws {
        // A first `Host` is the authority, a second one stays among the fields.
        guard let authority = request.head.authority, request.headers[.host] == nil else {
            throw APIError.invalid("A request has one 'Host' field.", param: nil, code: "wrong_host")
        }
        guard let hosts, !authority.isEmpty else { return }
        let host = authority.hasPrefix("[") ? authority.prefix { $0 != "]" } + "]" : authority.prefix { $0 != ":" }
        guard hosts.contains(host.lowercased()) else {
            throw APIError(
                status: .forbidden,
                message: "This server answers to \(hosts.joined(separator: ", ")) only, not to \(host.prefix(100)).",
                type: "invalid_request_error", code: "wrong_host")
        }
    }
}

extension Secret {
    /// As OpenAI's clients send it, or as Anthropic's do.
    fileprivate func isGiven(by request: Request) -> Bool {
        let authorization = request.headers[.authorization] ?? ""
        if authorization.lowercased().hasPrefix("bearer "), isEqual(to: authorization.dropFirst(7).utf8) { return true }
        return request.headers[.apiKey].map { isEqual(to: $0.utf8) } ?? false
    }
}

extension HTTPField.Name {
    fileprivate static let host = HTTPField.Name("Host") ?? .origin
    fileprivate static let apiKey = HTTPField.Name("x-api-key") ?? .origin
}

extension APIContext {
    /// The endpoint that the router has matched, however its path was spelt; nil for a path that there isn't.
    var endpoint: Endpoint? { endpointPath.flatMap { Endpoint.byRoute[$0] } }
}
