import Hummingbird

/// Lets in who may: requests with the API key, where there is one, and none that a foreign web page makes in a browser.
struct AccessMiddleware: RouterMiddleware {
    typealias Context = APIContext
    let key: String?
    /// Names under which the server may be spoken to; nil for any. A server on loopback would otherwise answer to any
    /// web page whose host name is made to point at it (DNS rebinding).
    let hosts: [String]?

    func handle(_ request: Request, context: Context, next: (Request, Context) async throws -> Response) async throws
        -> Response
    {
        if let hosts, let authority = request.head.authority, !authority.isEmpty {
            let host = authority.hasPrefix("[") ? authority.prefix { $0 != "]" } + "]" : authority.prefix { $0 != ":" }
            guard hosts.contains(host.lowercased()) else {
                throw APIError(
                    status: .forbidden,
                    message:
                        "This server answers to \(hosts.joined(separator: ", ")) only, not to \(host.prefix(100)).",
                    type: "invalid_request_error", code: "wrong_host")
            }
        }
        if let key, Self.needsKey(request.uri.path) {
            let given = request.headers[.authorization] ?? ""
            guard given.lowercased().hasPrefix("bearer "), Self.isEqual(given.dropFirst(7).utf8, key.utf8) else {
                throw APIError.unauthorized
            }
        }
        return try await next(request, context)
    }

    /// The page and the state of the server are for everybody.
    private static func needsKey(_ path: String) -> Bool {
        path.hasPrefix("/v1/") || ["/tokenize", "/metrics"].contains(path)
    }

    /// Takes the same time wherever the first difference is.
    private static func isEqual(_ a: some Collection<UInt8>, _ b: some Collection<UInt8>) -> Bool {
        guard a.count == b.count else { return false }
        return zip(a, b).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }
}
