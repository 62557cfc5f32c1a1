import Foundation
import Synchronization

/// The way to a server on another machine that computes a part of a model: ggml's `rpc-server`.
///
/// ggml is led to connect to a port of this process, from where ``ServerRelay`` passes its messages on.
package final class ServerLink: Sendable {
    /// Why a server that answers can't be used.
    enum Refusal: Error {
        case nonsense
        case version([UInt8])

        var problem: String {
            switch self {
            case .nonsense: "answers what makes no sense"
            case .version(let theirs):
                "speaks version \(Self.text(theirs)) of the protocol, this program \(Self.text(ServerCommand.protocolVersion)): "
                    + "run the rpc-server of the same llama.cpp there"
            }
        }

        private static func text(_ version: [UInt8]) -> String { version.map(String.init).joined(separator: ".") }
    }

    /// What has crossed a link so far.
    package struct Traffic: Equatable, Sendable {
        package var sent = 0, received = 0
    }

    /// What a link and its relay share.
    final class State: Sendable {
        let address: ServerAddress
        private let patience: Duration
        private let content = Mutex((problem: String?.none, traffic: Traffic(), isClosed: false))

        init(_ address: ServerAddress, patience: Duration) {
            self.address = address
            self.patience = patience
        }

        var problem: String? { content.withLock(\.problem) }
        var traffic: Traffic { content.withLock(\.traffic) }
        var isClosed: Bool { content.withLock(\.isClosed) }

        func close() { content.withLock { $0.isClosed = true } }
        func count(sent: Int = 0, received: Int = 0) {
            content.withLock {
                $0.traffic.sent += sent
                $0.traffic.received += received
            }
        }

        /// Does something with the server, unless it has failed before; notes whether it fails.
        func attempt(_ action: () throws -> Void) {
            guard problem == nil else { return }
            do { try action() } catch {
                let problem = Self.problem(error, patience)
                content.withLock { $0.problem = $0.problem ?? problem }
            }
        }

        static func problem(_ error: any Error, _ patience: Duration) -> String {
            (error as? Connection.Failure)?.problem(patience: patience) ?? (error as? Refusal ?? .nonsense).problem
        }
    }

    package let address: ServerAddress
    /// Where ggml connects.
    let localAddress: ServerAddress
    private let state: State

    /// Connects to a server and greets it.
    /// - Parameter patience: how long it may do nothing while it is waited for.
    /// - Throws: ``TensorGraphError/serverLost(address:problem:)``.
    package init(_ address: ServerAddress, patience: Duration) throws {
        self.address = address
        do {
            let server = try Connection.open(address, patience: patience)
            let greeting = try Self.greet(server)
            let listener = try LocalListener()
            localAddress = listener.address
            let state = State(address, patience: patience)
            self.state = state
            let relay = ServerRelay(listener: listener, server: server, greeting: greeting, link: state)
            Thread.detachNewThread {
                var relay = relay
                relay.run()
            }
        } catch Connection.Failure.silent {
            throw TensorGraphError.serverLost(
                address: address.description,
                problem:
                    "doesn't answer: it may be no rpc-server, or busy with another client, for it serves one at a time")
        } catch {
            throw TensorGraphError.serverLost(address: address.description, problem: State.problem(error, patience))
        }
    }

    deinit {
        state.close()
        // Wakes the relay up.
        _ = try? Connection.open(localAddress, patience: .seconds(1))
    }

    /// - Throws: ``TensorGraphError/serverLost(address:problem:)`` once the server has failed: whatever was computed since is wrong.
    package func check() throws {
        if let problem = state.problem {
            throw TensorGraphError.serverLost(address: address.description, problem: problem)
        }
    }

    package var traffic: Traffic { state.traffic }

    /// Exchanges greetings, without what would lead to other ways than this connection.
    private static func greet(_ server: Connection) throws -> [UInt8] {
        try server.write(
            [ServerCommand.hello.rawValue] + UInt64(24).littleEndianBytes + [UInt8](repeating: 0, count: 24))
        guard UInt64(littleEndianBytes: try server.read(count: 8)) == 28 else { throw Refusal.nonsense }
        let greeting = try server.read(count: 28)
        guard greeting.starts(with: ServerCommand.protocolVersion) else {
            throw Refusal.version(Array(greeting.prefix(3)))
        }
        return ServerCommand.protocolVersion + [UInt8](repeating: 0, count: 25)
    }
}
