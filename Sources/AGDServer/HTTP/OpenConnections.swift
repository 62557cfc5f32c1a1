import NIOCore
import Synchronization

/// The open connections. Where there are too many, one that waits for its client gives way to the new one: of the address
/// that has most of those, the one that waits longest. So nobody is kept out by others who hold connections open and send
/// nothing, or little.
final class OpenConnections: Sendable {
    fileprivate struct Entry {
        var channel: any Channel
        var address: String
        /// Since when the client owes a request, or the rest of one; nil while the server owes an answer.
        var waitingSince: ContinuousClock.Instant?
    }
    fileprivate struct State {
        var entries: [UInt64: Entry] = [:]
        var nextID: UInt64 = 0
    }

    /// A connection's entry.
    struct Place: Sendable {
        fileprivate let id: UInt64
        fileprivate let connections: OpenConnections

        /// Notes whether the client owes something.
        func isWaiting(_ isWaiting: Bool) {
            connections.state.withLock {
                $0.entries[id]?.waitingSince = isWaiting ? .now : nil
            }
        }
    }

    let limit: Int
    private let state = Mutex(State())

    init(limit: Int) { self.limit = limit }

    var count: Int { state.withLock { $0.entries.count } }

    /// Counts a connection until it closes.
    func open(_ channel: any Channel) -> Place {
        let (id, excess) = state.withLock { state in
            state.nextID += 1
            var excess: (any Channel)?
            if state.entries.count >= limit {
                guard let other = state.leastMissed else { return (state.nextID, Optional(channel)) }
                excess = state.entries.removeValue(forKey: other)?.channel
            }
            state.entries[state.nextID] = Entry(
                channel: channel, address: channel.remoteAddress?.ipAddress ?? "", waitingSince: .now)
            return (state.nextID, excess)
        }
        channel.closeFuture.whenComplete { _ in _ = self.state.withLock { $0.entries.removeValue(forKey: id) } }
        excess?.close(promise: nil)
        return Place(id: id, connections: self)
    }
}

extension OpenConnections.State {
    /// The connection that gives way; nil where all are being answered.
    fileprivate var leastMissed: UInt64? {
        let waiting = entries.filter { $0.value.waitingSince != nil }
        let counts = Dictionary(waiting.values.map { ($0.address, 1) }, uniquingKeysWith: +)
        let address = counts.max { ($0.value, $0.key) < ($1.value, $1.key) }?.key
        return waiting.filter { $0.value.address == address }
            .min { ($0.value.waitingSince ?? .now) < ($1.value.waitingSince ?? .now) }?.key
    }
}
