import Dispatch
import TensorGraph

/// A conversation with a model: caches that are used again as far as the next prompt begins like the last one.
///
/// Sessions of one model run concurrently and share its weights. Work happens on a queue of the session's own, so that
/// long computations don't hold up other tasks.
public actor Session {
    /// What a session takes of the machine.
    public struct Options: Sendable {
        /// Positions that fit, prompt and completion together.
        public var contextLength: Int
        /// CPU threads; the default is one for each processor that this process may use, and a session takes no more.
        public var threadCount: Int
        /// How keys, values and their tangents are stored.
        public var cacheType: CacheType

        /// Options; by default 4096 positions in half precision and a thread for each core.
        public init(contextLength: Int = 4096, threadCount: Int = defaultThreadCount, cacheType: CacheType = .float16) {
            self.contextLength = contextLength
            self.threadCount = threadCount
            self.cacheType = cacheType
        }

        /// Processors that this process may use, by its affinity and by the quota of its container.
        public static let defaultThreadCount = ProcessorCount.available
        /// The most positions that a context can have.
        public static let longestContext = 16_777_216
    }

    /// How keys, values and their tangents are stored.
    public enum CacheType: String, Sendable, CaseIterable, Codable {
        /// Half precision.
        case float16 = "f16"
        /// Half as wide as single precision, with its range.
        case bfloat16 = "bf16"
        /// Single precision: scores as exact as they get, in twice the memory.
        case float32 = "f32"

        package var elementType: ElementType {
            switch self {
            case .float16: .float16
            case .bfloat16: .bfloat16
            case .float32: .float32
            }
        }
    }

    /// The model, whose weights sessions share.
    public nonisolated let model: LanguageModel
    /// What the session was made with.
    public nonisolated let options: Options
    private let executor = QueueExecutor(label: "attribution-guided-decoding.session")
    private var inference: InferenceSession?
    /// For strategies that want a second sequence; kept once there was one.
    private var companion: InferenceSession?

    public nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// - Throws: ``GenerationError/invalid(field:problem:)`` for a context or a thread count that can't be.
    public init(_ model: LanguageModel, options: Options = Options()) throws {
        guard (1...Options.longestContext).contains(options.contextLength) else {
            throw GenerationError.invalid(
                field: "context length", problem: "must be 1 to \(Options.longestContext)")
        }
        guard (1...512).contains(options.threadCount) else {
            throw GenerationError.invalid(field: "threads", problem: "must be 1 to 512")
        }
        self.model = model
        var capped = options
        capped.threadCount = min(options.threadCount, ProcessorCount.available)
        self.options = capped
    }

    /// Forgets all tokens; the next prompt is read from its beginning.
    public func reset() {
        inference?.truncate(to: 0)
        companion?.truncate(to: 0)
    }

    /// Bytes of caches and intermediate results.
    public var byteCount: Int { (inference?.byteCount ?? 0) + (companion?.byteCount ?? 0) }

    /// What the caches hold; nil before the first use.
    public var cacheContents: CacheContents? { inference?.contents }

    /// Caches for a strategy's regions that hold `prompt` as far as they did before.
    func prepared(_ regions: [RegionOfInterest], rule: PropagationRule, for tokens: [Int]) throws -> InferenceSession {
        if let inference, inference.adopt(regions, rule: rule, tokens: tokens) { return inference }
        inference = nil  // Gives its memory back before the new one takes its own.
        let fresh = try InferenceSession(model, regions: regions, options: inferenceOptions(rule))
        inference = fresh
        return fresh
    }

    /// Caches for a second sequence, which no region guides, that hold `tokens` as far as they did before.
    func preparedCompanion(for tokens: [Int]) throws -> InferenceSession {
        let companion = try companion ?? InferenceSession(model, regions: [], options: inferenceOptions(.attnLRP))
        self.companion = companion
        _ = companion.adopt([], rule: companion.options.rule, tokens: tokens)
        return companion
    }

    private func inferenceOptions(_ rule: PropagationRule) -> InferenceSession.Options {
        .init(
            contextLength: options.contextLength, threadCount: options.threadCount,
            cacheType: options.cacheType.elementType, rule: rule)
    }
}

/// Runs an actor's jobs on a dispatch queue instead of Swift's shared pool, whose few threads must not be blocked.
private final class QueueExecutor: SerialExecutor {
    private let queue: DispatchQueue

    init(label: String) { queue = DispatchQueue(label: label) }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedSerialExecutor()) }
    }
}
