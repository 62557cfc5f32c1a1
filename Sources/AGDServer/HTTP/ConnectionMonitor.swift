import Hummingbird
import NIOCore
import NIOHTTPTypes
import Synchronization

/// Notices when a client hangs up while its request is being worked on, in whatever phase that is.
final class ConnectionMonitor: ChannelInboundHandler, RemovableChannelHandler, Sendable {
    typealias InboundIn = Any

    private struct State {
        var hasHungUp = false
        var waiting: [UInt64: @Sendable () -> Void] = [:]
        var nextID: UInt64 = 0
    }
    private let state = Mutex(State())

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event as? ChannelEvent == .inputClosed { hangUp() }
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) {
        hangUp()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        hangUp()
        context.fireErrorCaught(error)
    }

    private func hangUp() {
        let waiting = state.withLock { state in
            state.hasHungUp = true
            defer { state.waiting = [:] }
            return state.waiting.values
        }
        for action in waiting { action() }
    }

    /// Runs `body`, and `action` if the client hangs up meanwhile.
    func onHangUp<Result>(
        _ action: @escaping @Sendable () -> Void, while body: () async throws -> Result
    ) async rethrows -> Result {
        let id: UInt64? = state.withLock { state in
            guard !state.hasHungUp else { return nil }
            state.nextID += 1
            state.waiting[state.nextID] = action
            return state.nextID
        }
        if id == nil { action() }
        defer { if let id { _ = state.withLock { $0.waiting.removeValue(forKey: id) } } }
        return try await body()
    }
}

/// What handlers know of the connection a request came by.
struct APIContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    private let channel: any Channel

    init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        channel = source.channel
    }

    var maxUploadSize: Int { Limits.bodyBytes }

    /// Tells a client that waits for it (`Expect: 100-continue`) to send the body.
    func askForBody() { channel.writeAndFlush(HTTPResponsePart.head(.init(status: .continue)), promise: nil) }

    /// Runs `body`, and `action` if the client hangs up meanwhile.
    func onHangUp<Result>(
        _ action: @escaping @Sendable () -> Void, while body: () async throws -> Result
    ) async throws -> Result {
        let monitor: ConnectionMonitor
        do { monitor = try await channel.pipeline.handler(type: ConnectionMonitor.self).get() } catch {
            return try await body()  // A request that didn't come by a connection: in tests.
        }
        return try await monitor.onHangUp(action, while: body)
    }

    /// Runs `body` as a task of its own, which is cancelled when the client hangs up.
    func cancellingOnHangUp<Result: Sendable>(_ body: @escaping @Sendable () async throws -> Result) async throws
        -> Result
    {
        let task = Task { try await body() }
        return try await withTaskCancellationHandler {
            try await onHangUp({ task.cancel() }) { try await task.value }
        } onCancel: {
            task.cancel()
        }
    }
}
