import Foundation
import Synchronization
import Testing

@testable import TensorGraph

@Suite("A server that fails can't hurt")
struct ServerLinkTests {
    /// A server that does what the test says with each connection, and the link to it.
    private static func link(
        patience: Duration = .seconds(5), version: [UInt8] = ServerCommand.protocolVersion,
        _ behaviour: @escaping @Sendable (Connection) throws -> Void
    ) throws -> ServerLink {
        let listener = try LocalListener()
        Thread.detachNewThread {
            guard let client = listener.accept() else { return }
            do {
                _ = try client.read(count: 9 + 24)
                try client.write(UInt64(28).littleEndianBytes + version + [UInt8](repeating: 7, count: 25))
                try behaviour(client)
            } catch {}
        }
        return try ServerLink(listener.address, patience: patience)
    }

    private static func message(_ command: ServerCommand, _ request: [UInt8] = []) -> [UInt8] {
        [command.rawValue] + UInt64(request.count).littleEndianBytes + request
    }

    /// What ggml would get for a request.
    private static func answer(_ link: ServerLink, _ command: ServerCommand, _ request: [UInt8] = []) throws -> [UInt8]
    {
        let client = try Connection.open(link.localAddress, patience: .seconds(10))
        try client.write(message(command, request))
        return try client.read(count: Int(UInt64(littleEndianBytes: client.read(count: 8))))
    }

    private func expectLost(_ link: ServerLink, _ problem: String) {
        let error = #expect(throws: TensorGraphError.self) { try link.check() }
        #expect(error == .serverLost(address: link.address.description, problem: problem))
    }

    @Test("its answers are passed on as they are, but for its greeting, which offers no other way than this connection")
    func passesOn() throws {
        let link = try Self.link { server in
            _ = try server.read(count: 9 + 4)
            try server.write(UInt64(8).littleEndianBytes + UInt64(64).littleEndianBytes)
        }
        #expect(
            try Self.answer(link, .hello, [UInt8](repeating: 1, count: 24)) == [7, 0, 0]
                + [UInt8](repeating: 0, count: 25))
        #expect(try Self.answer(link, .alignment, [0, 0, 0, 0]) == UInt64(64).littleEndianBytes)
        #expect(link.traffic == .init(sent: 13, received: 16))
        try link.check()
    }

    @Test("where it ends the connection ggml gets zeros of the length that it waits for, and the link says so")
    func death() throws {
        let link = try Self.link { server in
            _ = try server.read(count: 9 + 20)
            try server.write(UInt64(1000).littleEndianBytes + [1, 2, 3])
        }
        let request = [UInt8](repeating: 0, count: 12) + UInt64(1000).littleEndianBytes
        #expect(try Self.answer(link, .getTensor, request) == [1, 2, 3] + [UInt8](repeating: 0, count: 997))
        expectLost(link, "ended the connection")
        #expect(try Self.answer(link, .deviceMemory, [0, 0, 0, 0]) == [UInt8](repeating: 0, count: 16))
    }

    @Test("where it says nothing for too long it is given up")
    func silence() throws {
        let link = try Self.link(patience: .seconds(1)) { _ = try $0.read(count: 1_000) }
        #expect(
            try Self.answer(link, .allocateBuffer, [UInt8](repeating: 0, count: 12)) == [UInt8](repeating: 0, count: 16)
        )
        expectLost(link, "did nothing for 1 s")
    }

    @Test("an answer that ggml would fall over is none", arguments: [0, 48, 1 << 40])
    func nonsense(alignment: UInt64) throws {
        let link = try Self.link { server in
            _ = try server.read(count: 9 + 4)
            try server.write(UInt64(8).littleEndianBytes + alignment.littleEndianBytes)
        }
        #expect(try Self.answer(link, .alignment, [0, 0, 0, 0]) == UInt64(128).littleEndianBytes)
        expectLost(link, "answers what makes no sense")
    }

    @Test("an answer of another length than ggml waits for is none")
    func wrongLength() throws {
        let link = try Self.link { server in
            _ = try server.read(count: 9 + 4)
            try server.write(UInt64(9).littleEndianBytes + [UInt8](repeating: 1, count: 9))
        }
        #expect(try Self.answer(link, .alignment, [0, 0, 0, 0]) == UInt64(128).littleEndianBytes)
        expectLost(link, "answers what makes no sense")
    }

    @Test(
        "a graph that the server has forgotten, for a buffer was freed, is sent again where ggml would name the last one"
    )
    func forgottenGraph() throws {
        let seen = Mutex<[UInt8]>([])
        let (graph, again) = (
            Self.message(.computeGraph, [0, 0, 0, 0, 5, 6]), Self.message(.computeGraphAgain, [0, 0, 0, 0])
        )
        let free = Self.message(.freeBuffer, UInt64(1).littleEndianBytes)
        let expected = graph + again + free + graph + again
        let question = Self.message(.deviceCount)
        let link = try Self.link { server in
            let bytes = try server.read(count: expected.count + question.count)
            seen.withLock { $0 = bytes }
            try server.write(UInt64(4).littleEndianBytes + [1, 0, 0, 0])
        }
        let client = try Connection.open(link.localAddress, patience: .seconds(10))
        try client.write(graph + again + free + again + again + question)
        #expect(try client.read(count: 12) == UInt64(4).littleEndianBytes + [1, 0, 0, 0])
        #expect(seen.withLock { $0 } == expected + question)
    }

    @Test("a server of another version is refused, for it may count operations otherwise")
    func version() {
        let error = #expect(throws: TensorGraphError.self) { try Self.link(version: [7, 0, 9]) { _ in } }
        #expect(error?.description.contains("speaks version 7.0.9 of the protocol, this program 7.0.0") == true)
    }

    @Test("where nobody listens, or not what is meant, is told by name")
    func nobody() throws {
        let address = try LocalListener().address
        let error = #expect(throws: TensorGraphError.self) { try ServerLink(address, patience: .seconds(1)) }
        #expect(error?.description == "the server \(address) can't be reached: connection refused")
        let silent = try LocalListener()
        let other = #expect(throws: TensorGraphError.self) { try ServerLink(silent.address, patience: .seconds(1)) }
        #expect(other?.description.contains("\(silent.address) doesn't answer") == true)
    }

    @Test("placeholders have the length that each command's answer has")
    func placeholders() {
        for command in (0...17).compactMap({ ServerCommand(rawValue: $0) }) {
            guard let length = command.answerLength(for: UInt64(77).littleEndianBytes) else { continue }
            let placeholder = command.placeholder(length: length)
            #expect(placeholder.count == length && command.isSound(placeholder), "\(command)")
        }
    }

    @Test(
        "addresses are HOST:PORT",
        arguments: [
            ("localhost:50052", "localhost"), ("10.0.0.7:1", "10.0.0.7"), ("[::1]:65535", "::1"), (":5", nil),
            ("host", nil),
            ("host:0", nil), ("host:65536", nil), ("::1:5", nil), ("a b:5", nil), ("", nil), ("host:+5", nil),
        ])
    func addresses(text: String, host: String?) {
        #expect(ServerAddress(text)?.host == host)
        if host != nil { #expect(ServerAddress(text)?.description == text) }
    }
}
