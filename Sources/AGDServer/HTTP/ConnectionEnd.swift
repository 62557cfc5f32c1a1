import NIOCore
import NIOHTTP1

/// Ends a connection after an answer that ought to be its last, and speaks HTTP/1.0 with who does.
///
/// An answer is the last one where the client asked for that, by a header or by its version; where the answer itself says
/// `Connection: close`; and where the request wasn't read to its end, so that what follows would be read as another. The
/// connection is then closed in two steps: what the client still sends is read and dropped for a while, because closing at
/// once would take the answer away from a client that is still sending.
final class ConnectionEnd: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    private struct Exchange {
        /// HTTP/1.0 knows no chunks.
        var isOld: Bool
        var isLast: Bool
        var isRead = false
    }
    /// How long a client may go on sending after its last answer.
    private static let lingering = TimeAmount.seconds(2)

    /// Requests that aren't answered yet, the oldest first.
    private var exchanges: [Exchange] = []
    /// Whether the answer that is being written, or was, is the last one.
    private var isEnding = false
    private var closing: Scheduled<Void>?

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isEnding else { return }
        switch unwrapInboundIn(data) {
        case .head(let head):
            exchanges.append(Exchange(isOld: head.isOld, isLast: head.isOld || !head.isKeepAlive))
            context.fireChannelRead(head.withHost)
        case .body: context.fireChannelRead(data)
        case .end:
            if !exchanges.isEmpty { exchanges[exchanges.count - 1].isRead = true }
            context.fireChannelRead(data)
        }
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head(var head):
            let exchange = exchanges.first  // None where the request's head couldn't be parsed.
            if exchange?.isOld == true { head.version = .http1_0 }
            if !(100..<200).contains(head.status.code) {
                isEnding = exchange.map { $0.isLast || !$0.isRead } ?? true || !head.isKeepAlive
                if isEnding { head.headers.replaceOrAdd(name: "Connection", value: "close") }
            }
            context.write(wrapOutboundOut(.head(head)), promise: promise)
        case .body: context.write(data, promise: promise)
        case .end:
            if !exchanges.isEmpty { exchanges.removeFirst() }
            context.write(data, promise: promise)
            if isEnding { end(context) }
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        closing?.cancel()
        context.fireChannelInactive()
    }

    private func end(_ context: ChannelHandlerContext) {
        context.flush()
        context.close(mode: .output, promise: nil)
        closing = context.eventLoop.assumeIsolated().scheduleTask(in: Self.lingering) { context.close(promise: nil) }
    }
}

extension HTTPRequestHead {
    fileprivate var isOld: Bool { version.major < 1 || version == .http1_0 }

    /// As a part of a request, in which no host stands for HTTP/1.0's right not to name one.
    fileprivate var withHost: NIOAny {
        var head = self
        if isOld, !headers.contains(name: "Host") { head.headers.add(name: "Host", value: "") }
        return NIOAny(HTTPServerRequestPart.head(head))
    }
}
