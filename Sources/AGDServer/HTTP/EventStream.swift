import Foundation
import HTTPTypes
import Hummingbird
import Logging

/// An event of a stream.
struct StreamEvent: Sendable {
    /// In a line `event:` of its own, for clients that go by it.
    fileprivate var name: String?
    /// Nil for the mark of success that ends streams of OpenAI's.
    fileprivate var data: (any Encodable & Sendable)?

    static func data(_ data: any Encodable & Sendable) -> StreamEvent { StreamEvent(data: data) }
    static func named(_ name: String, _ data: any Encodable & Sendable) -> StreamEvent {
        StreamEvent(name: name, data: data)
    }
    static let done = StreamEvent()
}

/// Server-sent events: their names, where they have one, `data:` lines of JSON, and comments to keep the connection open.
struct EventStream {
    private var writer: any ResponseBodyWriter

    init(_ writer: any ResponseBodyWriter) { self.writer = writer }

    static let headers: HTTPFields = [
        .contentType: "text/event-stream; charset=utf-8", .cacheControl: "no-cache",
        // Tells nginx and its like not to hold events back.
        HTTPField.Name("X-Accel-Buffering") ?? .contentDisposition: "no",
    ]

    mutating func send(_ events: [StreamEvent]) async throws {
        for event in events {
            var buffer = ByteBuffer(string: event.name.map { "event: \($0)\n" } ?? "")
            buffer.writeString("data: ")
            if let data = event.data {
                buffer.writeBytes(try JSONEncoder.api.encode(data))
            } else {
                buffer.writeString("[DONE]")
            }
            buffer.writeString("\n\n")
            try await writer.write(buffer)
        }
    }

    mutating func keepAlive() async throws { try await writer.write(ByteBuffer(string: ": working\n\n")) }

    consuming func finish() async throws { try await writer.finish(nil) }
}
