import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import NIOHTTPTypesHTTP1

/// What lies between a connection's bytes and the requests that are routed: HTTP/1, its deadlines, and who has hung up.
struct HTTPChannel: ServerChildChannel, HTTPChannelHandler {
    typealias Value = NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>

    let responder: Responder
    let deadlines: Deadlines
    let connections: OpenConnections

    /// Bytes of a request's head.
    private static let headBytes = 64 << 10
    /// What the kernel may hold of an answer that the client doesn't read. Left alone it takes several megabytes, and a
    /// stream that nobody reads would be computed that far.
    private static let sendBufferBytes = 128 << 10

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        channel.eventLoop.makeCompletedFuture {
            let pipeline = channel.pipeline.syncOperations
            try channel.syncOptions?.setOption(
                ChannelOptions.socketOption(.so_sndbuf), value: SocketOptionValue(Self.sendBufferBytes))
            var limits = NIOHTTPDecoderLimitConfiguration()
            limits.maxHeaderListSize = Self.headBytes
            limits.maxHeaderFieldSize = Self.headBytes
            try pipeline.configureHTTPServerPipeline(
                withPipeliningAssistance: false,  // NIOAsyncChannel hands on one request after the other.
                withErrorHandling: false,  // What can't be parsed is answered by `handleHTTP`.
                withOutboundHeaderValidation: false,  // HTTPTypes has validated them.
                withEncoderConfiguration: .init(), withDecoderLimitConfiguration: limits)
            try pipeline.addHandlers([
                ConnectionEnd(), ConnectionDeadlines(deadlines, connections.open(channel)),
                HTTP1ToHTTPServerCodec(secure: false), ConnectionMonitor(),
                HTTPConnectionStateHandler(logger: logger),  // Closes what is idle when the server stops.
            ])
            return try NIOAsyncChannel(
                wrappingChannelSynchronously: channel, configuration: .init(isOutboundHalfClosureEnabled: true))
        }
    }

    func handle(value: Value, logger: Logger) async { await handleHTTP(asyncChannel: value, logger: logger) }
}
