import NIOCore
import NIOHTTP1

/// How long a client may take for each part of what it owes. How long the server takes to answer isn't limited.
public struct Deadlines: Sendable {
    /// From the connection to the end of the first request's head.
    public var head: Duration = .seconds(10)
    /// From an answer to the end of the next request's head.
    public var nextRequest: Duration = .seconds(60)
    /// From a request's head to the end of its body.
    public var body: Duration = .seconds(30)
    /// For reading on, where so much of an answer waits that no more of it is computed.
    public var reading: Duration = .seconds(30)

    public init() {}
}

/// Hangs up on clients that let a deadline pass, and tells whether the connection waits for its client or for the server.
final class ConnectionDeadlines: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    private let deadlines: Deadlines
    private let place: OpenConnections.Place
    private var sending, reading: Scheduled<Void>?
    private var unansweredCount = 0
    private var isBodyMissing = false
    private var isAnswering = false
    /// Whether 408 was said: nothing else may be said any more.
    private var isLate = false

    init(_ deadlines: Deadlines, _ place: OpenConnections.Place) {
        self.deadlines = deadlines
        self.place = place
    }

    func handlerAdded(context: ChannelHandlerContext) { expect(context, deadlines.head) }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head:
            unansweredCount += 1
            isBodyMissing = true
            expect(context, deadlines.body)
        case .body: break
        case .end:
            isBodyMissing = false
            sending?.cancel()
            place.isWaiting(false)
        }
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard !isLate else {
            promise?.fail(ChannelError.ioOnClosedChannel)
            return
        }
        switch unwrapOutboundIn(data) {
        case .head(let head): isAnswering = !(100..<200).contains(head.status.code)
        case .body: break
        case .end:
            unansweredCount -= 1
            isAnswering = false
            if unansweredCount <= 0 { expect(context, deadlines.nextRequest) }
        }
        context.write(data, promise: promise)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        reading?.cancel()
        if !context.channel.isWritable {
            reading = context.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(deadlines.reading)) {
                context.close(promise: nil)
            }
        }
        context.fireChannelWritabilityChanged()
    }

    func channelInactive(context: ChannelHandlerContext) {
        sending?.cancel()
        reading?.cancel()
        context.fireChannelInactive()
    }

    /// Gives the client so long to send what comes next.
    private func expect(_ context: ChannelHandlerContext, _ duration: Duration) {
        place.isWaiting(true)
        sending?.cancel()
        sending = context.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(duration)) {
            self.isOverdue(context, duration)
        }
    }

    private func isOverdue(_ context: ChannelHandlerContext, _ duration: Duration) {
        // A request behind another isn't read before that one is answered.
        if isBodyMissing, unansweredCount > 1 { return expect(context, duration) }
        guard isBodyMissing, !isAnswering else { return context.close(promise: nil) }
        isLate = true
        var head = HTTPResponseHead(version: .http1_1, status: .requestTimeout)
        head.headers.add(name: "Content-Length", value: "0")
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }
}
