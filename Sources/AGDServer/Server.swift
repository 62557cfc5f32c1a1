import AttributionGuidedDecoding
import Dispatch
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import ServiceLifecycle

/// A model behind an OpenAI-compatible HTTP API.
///
/// ```swift
/// let server = Server(ServerConfiguration(modelName: "demo"), logger: Logger(label: "agd")) { progress in
///     try LanguageModel(path: "model.gguf", progress: progress)
/// }
/// try await server.run()  // until SIGTERM or SIGINT
/// ```
public struct Server: Sendable {
    private let configuration: ServerConfiguration
    private let logger: Logger
    private let registry: PrometheusRegistry
    private let load: @Sendable (_ progress: @escaping @Sendable (Double) -> Void) throws -> LanguageModel

    /// - Parameters:
    ///   - registry: what `/metrics` shows.
    ///   - load: loads the model, on a thread of its own, while the server already listens; again where a machine that held a part
    ///     of the model was lost.
    public init(
        _ configuration: ServerConfiguration, logger: Logger, registry: PrometheusRegistry = PrometheusRegistry(),
        load: @escaping @Sendable (_ progress: @escaping @Sendable (Double) -> Void) throws -> LanguageModel
    ) {
        self.configuration = configuration
        self.logger = logger
        self.registry = registry
        self.load = load
    }

    /// Serves until a signal asks to stop: then no new requests are taken, and running ones finish or are cancelled after
    /// ``ServerConfiguration/shutdownGrace``.
    /// - Throws: what loading the model throws, or ``ServerError`` where the address can't be listened on; the model isn't
    ///   loaded then.
    /// - Parameter whenListening: told the port.
    public func run(whenListening: @escaping @Sendable (_ port: Int) -> Void = { _ in }) async throws {
        let state = ModelState()
        let (listening, isListening) = AsyncStream<Never>.makeStream()
        let connections = OpenConnections(
            limit: try OpenFiles.connectionLimit(wanted: configuration.connectionLimit))
        let api = API(state: state, configuration: configuration, telemetry: Telemetry(registry), registry: registry)
        let application = Application(
            router: try api.router(),
            server: HTTPServerBuilder { [configuration] responder in
                HTTPChannel(responder: responder, deadlines: configuration.deadlines, connections: connections)
            },
            configuration: .init(
                address: .hostname(configuration.host, port: configuration.port), serverName: "agd",
                availableConnectionsDelegate: MaximumAvailableConnections(
                    connections.limit + OpenFiles.slack, logger: logger)
            ),
            onServerRunning: { [logger, configuration] channel in
                let port = channel.localAddress?.port ?? configuration.port
                logger.notice("listening", metadata: ["address": "http://\(configuration.host):\(port)"])
                isListening.finish()
                whenListening(port)
            },
            logger: logger)
        let loading = ModelLoading(
            state: state, configuration: configuration, logger: logger, listening: listening, load: load)
        var group = ServiceGroupConfiguration(
            // Services are stopped from the last to the first: no new requests are taken before the running ones are waited for.
            services: [application, loading], gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
        group.maximumGracefulShutdownDuration = configuration.shutdownGrace
        do { try await ServiceGroup(configuration: group).run() } catch is CancellationError {
        } catch let error as IOError {
            throw ServerError(error, host: configuration.host, port: configuration.port)
        }
        logger.notice("stopped")
    }
}

/// Loads the model while the server listens, again where a machine that held a part of it was lost, and takes it out of service when
/// the server stops.
private struct ModelLoading: Service {
    let state: ModelState
    let configuration: ServerConfiguration
    let logger: Logger
    /// Ends when the server listens: whether it can is known at once, and loading may take minutes.
    let listening: AsyncStream<Never>
    let load: @Sendable (_ progress: @escaping @Sendable (Double) -> Void) throws -> LanguageModel

    func run() async throws {
        for await _ in listening {}
        try Task.checkCancellation()
        try await loadModel()
        do { try await cancelWhenGracefulShutdown(keepLoaded) } catch is CancellationError {
            guard Task.isShuttingDownGracefully else { throw CancellationError() }
        }
        logger.notice("stopping")
        await state.stop()
    }

    private static let patrol = Duration.seconds(1)

    /// Until it is cancelled.
    private func keepLoaded() async throws {
        while true {
            try await Task.sleep(for: Self.patrol)
            guard let lost = await state.lostServer else { continue }
            logger.error("a part of the model was lost", metadata: ["error": "\(lost)"])
            await state.reload()
            while await state.isLoading {
                do { try await loadModel() } catch let error as TensorGraphError {
                    logger.info("the model can't be loaded yet", metadata: ["error": "\(error)"])
                    try await Task.sleep(for: Self.patrol)
                }
            }
        }
    }

    private func loadModel() async throws {
        let start = ContinuousClock.now
        let model = try await withCheckedThrowingContinuation { continuation in
            DispatchQueue.global().async {
                continuation.resume(
                    with: Result {
                        try load { fraction in Task { await state.loading(fraction) } }
                    })
            }
        }
        let served = try ServedModel(model, name: configuration.modelName, configuration: configuration.inference)
        await state.ready(served)
        logger.notice(
            "model loaded",
            metadata: [
                "model": "\(served.name)",
                "seconds": "\(((ContinuousClock.now - start) / .seconds(1) * 100).rounded() / 100)",
                "context": "\(served.contextLength)", "slots": "\(served.pool.sessionCount)",
                "threads": "\(served.threadCount)",
            ])
    }
}
