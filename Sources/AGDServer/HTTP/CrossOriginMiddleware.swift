import HTTPTypes
import Hummingbird

/// Lets the web pages of named origins use the API (CORS); the pages of others can't read what it answers.
struct CrossOriginMiddleware: RouterMiddleware {
    typealias Context = APIContext
    /// Such as `https://chat.example`.
    let origins: Set<String>

    func handle(_ request: Request, context: Context, next: (Request, Context) async throws -> Response) async throws
        -> Response
    {
        guard let origin = request.headers[.origin], origins.contains(origin) else {
            return try await next(request, context)
        }
        // Before a page's request the browser asks for permission, without the key.
        let asks = request.method == .options && request.headers[.accessControlRequestMethod] != nil
        var response = asks ? Response(status: .noContent) : try await next(request, context)
        response.headers[.accessControlAllowOrigin] = origin
        response.headers.append(HTTPField(name: .vary, value: "Origin"))
        guard asks else { return response }
        response.headers[.accessControlAllowMethods] = "GET, HEAD, POST"
        response.headers[.accessControlAllowHeaders] =
            request.headers[.accessControlRequestHeaders] ?? "Authorization, Content-Type, x-api-key"
        response.headers[.accessControlMaxAge] = "600"
        if request.headers[.accessControlRequestPrivateNetwork] == "true" {
            response.headers[.accessControlAllowPrivateNetwork] = "true"
        }
        return response
    }
}

extension HTTPField.Name {
    // Chromium's further question, where a public page speaks to a private network.
    fileprivate static let accessControlRequestPrivateNetwork =
        HTTPField.Name("Access-Control-Request-Private-Network") ?? .origin
    fileprivate static let accessControlAllowPrivateNetwork =
        HTTPField.Name("Access-Control-Allow-Private-Network") ?? .vary
}
