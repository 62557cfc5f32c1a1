import Foundation
import HTTPTypes
import Hummingbird
import Logging

/// Server-sent events as OpenAI's clients read them: `data:` lines of JSON, comments to keep the connection open,
/// `[DONE]` after success only, and an error event otherwise.
struct EventStream {
    private var writer: any ResponseBodyWriter

    init(_ writer: any ResponseBodyWriter) { self.writer = writer }

    static let headers: HTTPFields = [
        .contentType: "text/event-stream; charset=utf-8", .cacheControl: "no-cache",
        // Tells nginx and its like not to hold events back.
        HTTPField.Name("X-Accel-Buffering") ?? .contentDisposition: "no",
    ]

    mutating func send(_ event: any Encodable) async throws {
        var buffer = ByteBuffer(string: "data: ")
        buffer.writeBytes(try JSONEncoder.api.encode(event))
        buffer.writeString("\n\n")
        try await writer.write(buffer)
    }

    mutating func keepAlive() async throws { try await writer.write(ByteBuffer(string: ": working\n\n")) }

    consuming func finish() async throws {
        try await writer.write(ByteBuffer(string: "data: [DONE]\n\n"))
        try await writer.finish(nil)
    }

    /// Ends a stream that failed.
    consuming func fail(_ error: APIError) async throws {
        try await send(error)
        try await writer.finish(nil)
    }
}
