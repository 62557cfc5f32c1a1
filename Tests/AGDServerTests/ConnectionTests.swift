import AttributionGuidedDecoding
import Foundation
import Logging
import NIOCore
import NIOPosix
import Testing

@testable import AGDServer

/// A server on a socket, spoken to byte by byte.
@Suite(
    "Connections", .enabled(if: TestServer.modelPath != nil, "Models/microcosm.gguf is absent"), .serialized,
    .timeLimit(.minutes(3)))
struct ConnectionTests {
    @Test("HTTP/1.0 gets an answer without chunks, whose end is the connection's")
    func oldClients() async throws {
        try await serving { port in
            let body = #"{"prompt":"The cat","max_tokens":3,"stream":true}"#
            let reply = try await talk(
                port,
                "POST /v1/completions HTTP/1.0\r\nContent-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
            )
            #expect(reply.hasPrefix("HTTP/1.0 200") && !reply.lowercased().contains("transfer-encoding"))
            #expect(reply.contains("\r\n\r\ndata: ") && reply.hasSuffix("data: [DONE]\n\n"))
        }
    }

    @Test(
        "A request has one host",
        arguments: ["Host: localhost\r\nHost: evil.example\r\n", "Host: localhost\r\nhost: localhost\r\n", "X: y\r\n"])
    func hosts(fields: String) async throws {
        try await serving { port in
            let reply = try await talk(port, "GET /health HTTP/1.1\r\n\(fields)Connection: close\r\n\r\n")
            #expect(reply.hasPrefix("HTTP/1.1 400"))
        }
    }

    @Test("A client that waits with its body is asked for it, unless the request is refused anyway")
    func expectation() async throws {
        try await serving({ $0.apiKey = Secret("k") }) { port in
            let head =
                "POST /tokenize HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 14\r\nExpect: 100-continue\r\n"
            let asked = try await talk(port, head + "Authorization: Bearer k\r\n\r\n") { $0.contains("\r\n\r\n") }
            #expect(asked.hasPrefix("HTTP/1.1 100 "))
            let refused = try await talk(port, head + "\r\n")
            #expect(refused.hasPrefix("HTTP/1.1 401 "))
        }
    }

    @Test(
        "A refusal ends the connection, whatever of the request is still to come",
        arguments: [
            "POST /tokenize HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n{",
            "POST /no/such/path HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\n",
            "GET /v1/models HTTP/1.1\r\nHost: localhost\r\n\r\n",
            "GET /v1/models HTTP/1.1\r\nHost: evil.example\r\n\r\n",
            "NONSENSE\r\n\r\n",
        ])
    func refusals(request: String) async throws {
        try await serving({ $0.apiKey = Secret("k") }) { port in
            let reply = try await talk(port, request)  // Returns because the server closes.
            #expect(reply.hasPrefix("HTTP/1.1 4") && reply.lowercased().contains("connection: close"))
        }
    }

    @Test(
        "Every part of a request has a deadline",
        arguments: [
            ("", ""), ("GET /health HT", ""),
            (
                "POST /tokenize HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{",
                "HTTP/1.1 408"
            ),
            ("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n", "HTTP/1.1 200"),
        ])
    func deadlines(request: String, answer: String) async throws {
        try await serving({
            ($0.deadlines.head, $0.deadlines.body, $0.deadlines.nextRequest) = (
                .seconds(1), .seconds(1), .seconds(1)
            )
        }) { port in
            let reply = try await talk(port, request)  // Returns because the server closes.
            #expect(reply.hasPrefix(answer))
        }
    }

    @Test("Connections that send nothing, or never enough, keep nobody out")
    func crowd() async throws {
        try await serving({ $0.connectionLimit = 8 }) { port in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<40 { group.addTask { _ = try? await talk(port, "GET /hea") } }
                for _ in 0..<10 {
                    let reply = try await talk(
                        port, "GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                    #expect(reply.hasPrefix("HTTP/1.1 200"))
                }
                group.cancelAll()
            }
        }
    }

    @Test("A taken port is told in a sentence, before the model is loaded")
    func takenPort() async throws {
        try await serving { port in
            var configuration = ServerConfiguration(modelName: "test")
            configuration.port = port
            let second = Server(configuration, logger: quiet) { _ in
                Issue.record("the model was loaded")
                return try LanguageModel(path: TestServer.modelPath ?? "")
            }
            await #expect { try await second.run() } throws: { "\($0)".contains("\(port) is taken") }
        }
    }

    @Test("A host that isn't known is told in a sentence")
    func unknownHost() {
        var configuration = ServerConfiguration(modelName: "test")
        configuration.host = "no.such.host.invalid"
        #expect { try configuration.acceptedHosts() } throws: { "\($0)".contains("isn't known") }
    }

    // MARK: A server, and a client that sends what it is told

    private let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    /// Runs `body` with the port of a server.
    private func serving(
        _ change: (inout ServerConfiguration) -> Void = { _ in }, _ body: @Sendable (Int) async throws -> Void
    ) async throws {
        var configuration = ServerConfiguration(modelName: "test")
        configuration.port = 0
        configuration.inference.threadCount = 1
        change(&configuration)
        let server = Server(configuration, logger: quiet) { _ in try LanguageModel(path: TestServer.modelPath ?? "") }
        let (ports, port) = AsyncStream<Int>.makeStream()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.run { port.yield($0) } }
            for await port in ports {
                while !(try await talk(port, "GET /health HTTP/1.0\r\n\r\n").contains(" 200 ")) {}
                try await body(port)
                break
            }
            group.cancelAll()
        }
    }

    /// What the server says to `text` until it closes, or until `isEnough`.
    private func talk(
        _ port: Int, _ text: String, until isEnough: @Sendable (String) -> Bool = { _ in false }
    ) async throws -> String {
        let channel = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .channelOption(ChannelOptions.allowRemoteHalfClosure, value: true)
            .connect(host: "127.0.0.1", port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        return try await channel.executeThenClose { inbound, outbound in
            try await outbound.write(ByteBuffer(string: text))
            var reply = ""
            do {
                for try await part in inbound {
                    reply += String(buffer: part)
                    if isEnough(reply) { break }
                }
            } catch is IOError {}  // Closed without ceremony.
            return reply
        }
    }
}
