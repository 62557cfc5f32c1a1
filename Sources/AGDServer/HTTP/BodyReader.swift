import HTTPTypes
import Hummingbird
import NIOCore
import NIOHTTPTypes
import Synchronization

/// Receives the bodies of requests, each up to a limit, and all that are under way up to another.
final class BodyReader: Sendable {
    private let receivedBytes = Mutex(0)

    /// - Throws: ``APIError`` with status 413 for a body that is too large, 503 where too much is being received, and 400
    ///   for one that breaks off.
    func body(of request: Request, _ context: APIContext) async throws -> ByteBuffer {
        if let length = request.headers[.contentLength].flatMap({ Int($0) }), length > Limits.bodyBytes {
            throw APIError.bodyTooLarge
        }
        if request.headers[.expect]?.lowercased() == "100-continue" { context.askForBody() }
        var body = ByteBuffer()
        defer { receivedBytes.withLock { $0 -= body.readableBytes } }
        do {
            for try await part in request.body {
                guard body.readableBytes + part.readableBytes <= Limits.bodyBytes else { throw APIError.bodyTooLarge }
                body.writeImmutableBuffer(part)
                guard take(part.readableBytes) else {
                    throw APIError.unavailable("Too many bodies are being received.", code: "overloaded")
                }
            }
        } catch let error as APIError {
            throw error
        } catch let error as CancellationError {
            throw error
        } catch {
            throw APIError.invalid("The body can't be read: \(error).", param: nil)
        }
        return body
    }

    private func take(_ count: Int) -> Bool {
        receivedBytes.withLock { bytes in
            bytes += count
            return bytes <= Limits.bodiesBytes
        }
    }
}

extension APIError {
    fileprivate static let bodyTooLarge = APIError(
        status: .contentTooLarge, message: "The body is larger than \(Limits.bodyBytes) bytes.",
        type: "invalid_request_error", code: "body_too_large")
}
