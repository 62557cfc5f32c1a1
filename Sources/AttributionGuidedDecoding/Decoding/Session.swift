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
        /// How far ahead of the model tokens are drafted.
        public var draft = DraftLength.auto

        /// Options; by default 4096 positions in half precision and a thread for each core.
        public init(contextLength: Int = 4096, threadCount: Int = defaultThreadCount, cacheType: CacheType = .float16) {
            self.contextLength = contextLength
            self.threadCount = threadCount
            self.cacheType = cacheType
        }

        /// With no more threads than there are processors.
        func checked(for model: LanguageModel) throws -> Options {
            guard (1...Self.longestContext).contains(contextLength) else {
                throw GenerationError.invalid(field: "context length", problem: "must be 1 to \(Self.longestContext)")
            }
            guard (1...512).contains(threadCount) else {
                throw GenerationError.invalid(field: "threads", problem: "must be 1 to 512")
            }
            guard cacheType.windowMargin.map((16...Self.longestContext).contains) ?? true else {
                throw GenerationError.invalid(field: "window margin", problem: "must be 16 to \(Self.longestContext)")
            }
            _ = try CacheLayout(model.configuration, contextLength: contextLength, storage: cacheType.storage)
            var checked = self
            checked.threadCount = min(threadCount, ProcessorCount.available)
            return checked
        }

        /// Processors that this process may use, by its affinity and by the quota of its container.
        public static let defaultThreadCount = ProcessorCount.available
        /// The most positions that a context can have.
        public static let longestContext = 16_777_216
    }

    /// The model, whose weights sessions share.
    public nonisolated let model: LanguageModel
    /// What the session was made with.
    public nonisolated let options: Options
    /// The batch that this session's generations are decoded in; nil where they are by themselves.
    nonisolated let batch: DecodingBatch?
    private let executor = QueueExecutor(label: "attribution-guided-decoding.session")
    /// Who waits for the caches while they are in use.
    private var inLine: [CheckedContinuation<Void, Never>] = []
    private var isInUse = false
    private var ownEvaluator: BatchEvaluator?
    private var inference: InferenceSession?
    /// For strategies that want sequences beside their own; kept once there were some.
    private var companions: [InferenceSession] = []

    public nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// - Throws: ``GenerationError/invalid(field:problem:)`` for numbers that can't be,
    ///   ``InferenceError/headsDivideNoBlocks(type:headWidth:blockLength:)`` for a cache type that the model's heads don't fit.
    public init(_ model: LanguageModel, options: Options = Options()) throws {
        self.model = model
        self.options = try options.checked(for: model)
        batch = nil
    }

    /// A session whose generations are decoded beside those of the batch's other sessions.
    public init(_ batch: DecodingBatch) {
        model = batch.model
        options = batch.options
        self.batch = batch
    }

    /// Forgets all tokens; the next prompt is read from its beginning.
    public func reset() async {
        await alone { session in
            session.inference?.truncate(to: 0)
            session.companions.forEach { $0.truncate(to: 0) }
        }
    }

    /// Bytes of caches and intermediate results.
    public var byteCount: Int {
        get async {
            await alone { session in
                ([session.inference].compactMap { $0 } + session.companions)
                    .reduce(session.ownEvaluator?.byteCount ?? 0) { $0 + $1.byteCount }
            }
        }
    }

    /// What the caches hold; nil before the first use.
    public var cacheContents: CacheContents? {
        get async { await alone { $0.inference?.contents } }
    }

    /// Uses the caches while nobody else does, after those that asked before.
    func alone<Result>(_ body: (isolated Session) async throws -> Result) async rethrows -> Result {
        if isInUse {
            await withCheckedContinuation { inLine.append($0) }
        }
        isInUse = true
        defer {
            isInUse = false
            if !inLine.isEmpty {
                isInUse = true
                inLine.removeFirst().resume()
            }
        }
        return try await body(self)
    }

    /// Caches for a strategy's regions that hold `tokens` as far as they did before, with room for some more.
    func prepared(
        _ regions: [RegionOfInterest], rule: PropagationRule, intervention: Intervention = .none, for tokens: [Int],
        room: Int?
    ) throws -> InferenceSession {
        let capacity = capacity(for: tokens.count, room: room, before: inference)
        if let inference, capacity <= inference.capacity,
            inference.adopt(regions, rule: rule, intervention: intervention, tokens: tokens)
        {
            return inference
        }
        inference = nil  // Gives its memory back before the new one takes its own.
        let fresh = try InferenceSession(
            model, regions: regions, intervention: intervention, options: inferenceOptions(rule, capacity),
            evaluator: evaluator)
        inference = fresh
        return fresh
    }

    /// Caches for sequences beside that one, which no region guides, that hold their prompts as far as they did before.
    func preparedCompanions(_ wanted: [CompanionSequence], room: Int?) throws -> [InferenceSession] {
        for (index, companion) in wanted.enumerated() {
            let tokens = companion.prompt.tokens
            let rule = PropagationRule.attnLRP
            let capacity = capacity(
                for: tokens.count, room: room, before: index < companions.count ? companions[index] : nil)
            if index < companions.count {
                if capacity <= companions[index].capacity,
                    companions[index].adopt([], rule: rule, intervention: companion.intervention, tokens: tokens)
                {
                    continue
                }
                companions.removeSubrange(index...)
            }
            companions.append(
                try InferenceSession(
                    model, regions: [], intervention: companion.intervention,
                    options: inferenceOptions(rule, capacity), evaluator: evaluator))
        }
        return Array(companions.prefix(wanted.count))
    }

    /// Positions that caches are to hold: no more than are needed, but at least twice as many as before where those were too few.
    private func capacity(for tokenCount: Int, room: Int?, before: InferenceSession?) -> Int {
        guard let room else { return options.contextLength }
        let needed = min(options.contextLength, tokenCount + min(room, options.contextLength))
        if let before, needed <= before.capacity { return needed }
        return min(options.contextLength, max((needed + 511) / 512 * 512, 2 * (before?.capacity ?? 0)))
    }

    /// Of the batch, or of this session alone.
    private var evaluator: BatchEvaluator {
        get throws {
            if let evaluator = batch?.evaluator ?? ownEvaluator { return evaluator }
            let evaluator = try BatchEvaluator(model, threadCount: options.threadCount)
            ownEvaluator = evaluator
            return evaluator
        }
    }

    private func inferenceOptions(_ rule: PropagationRule, _ capacity: Int) -> InferenceSession.Options {
        .init(
            contextLength: options.contextLength, threadCount: options.threadCount,
            cacheType: options.cacheType.storage, rule: rule, capacity: capacity)
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
