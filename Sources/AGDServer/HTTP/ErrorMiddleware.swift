import AttributionGuidedDecoding
import Foundation
import Hummingbird

/// Gives every error the form that its path's clients know, and counts requests.
struct ErrorMiddleware: RouterMiddleware {
    typealias Context = APIContext
    let telemetry: Telemetry

    func handle(_ request: Request, context: Context, next: (Request, Context) async throws -> Response) async throws
        -> Response
    {
        let start = ContinuousClock.now
        var response: Response
        do {
            response = try await next(request, context)
        } catch {
            let error = APIError(error, request: request, context: context)
            response = try error.response(in: context.endpoint?.dialect ?? .openAI)
        }
        response.headers[.xContentTypeOptions] = "nosniff"
        // Who isn't let in has to begin anew.
        if [.unauthorized, .forbidden].contains(response.status) { response.headers[.connection] = "close" }
        telemetry.requestDone(
            path: context.endpoint?.path ?? "none", status: response.status.code,
            seconds: (ContinuousClock.now - start) / .seconds(1))
        return response
    }
}

extension APIError {
    /// Any error as one for the client. What isn't the client's fault is logged and not told.
    init(_ error: any Error, request: Request, context: APIContext) {
        switch error {
        case let error as APIError: self = error
        case is CancellationError:
            self = .unavailable("The request was cancelled.", code: "cancelled")
        case let error as any HTTPResponseError:
            switch error.status {
            case .notFound:
                self = .notFound(
                    "There is no \(request.method.rawValue) \(request.uri.path.prefix(100)); /openapi.json lists what there is."
                )
            default:
                self = APIError(status: error.status, message: error.status.reasonPhrase, type: "invalid_request_error")
            }
        default:
            context.logger.error("request failed", metadata: ["path": "\(request.uri.path)", "error": "\(error)"])
            self = .failure(error)
        }
    }

    /// What a client is told of a failure that isn't its own: nothing, but for a machine that was lost, which is waited for.
    static func failure(_ error: any Error) -> APIError {
        guard let error = error as? TensorGraphError, case .serverLost = error else { return .internalError }
        return .unavailable(
            "\(error). The model is loaded again as soon as it is back.", code: "server_lost", retryAfter: 5)
    }
}
