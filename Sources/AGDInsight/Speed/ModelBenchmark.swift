import AttributionGuidedDecoding
import Foundation
import TensorGraph

/// Measures what guidance costs: greedy decoding and guided variants side by side, taking turns in one run, so that
/// whatever else the machine does hits all of them alike.
public struct ModelBenchmark: Sendable {
    /// What is measured, and how much of it.
    public struct Options: Sendable {
        /// What is measured beside greedy decoding, which always is: the others' times are told over its.
        public var variants = Set(Variant.allCases)
        /// Positions that are filled before decoding is measured.
        public var contexts = [128, 1024, 4096]
        /// Contexts beyond this are left out by `agd-reverse`, whose tokens take minutes there.
        public var longestReverseContext = 256
        /// Numbers of sequences that are decoded in one batch, beside one alone.
        public var parallelCounts: [Int] = []
        /// Behind the gate, one of so many steps is guided.
        public var gatePeriod = 5
        /// Tokens decoded by each variant at each context.
        public var tokenCount = 32
        /// Threads that compute.
        public var threadCount = Session.Options.defaultThreadCount
        /// Numbers in which keys and values are kept.
        public var cacheType = Session.CacheType.float16

        /// All variants at three contexts.
        public init() {}
    }

    /// One variant at one context length, with some sequences in a batch.
    public struct Row: Sendable, Encodable {
        /// What was measured.
        public let variant: Variant
        /// Positions that were filled before.
        public let context: Int
        /// That were decoded in one batch.
        public let sequences: Int
        /// Tangent lanes beside the primal.
        public let tangentLanes: Int
        /// While decoding, of all sequences together.
        public let tokensPerSecond: Double
        /// Typical time of a step over greedy's with as many sequences, from medians.
        public let timeOverGreedy: Double
        /// While reading the prompt.
        public let prefillTokensPerSecond: Double
        /// Bytes that a token must read, weights and caches, over its time, as a share of the measured bandwidth; nil for
        /// `agd-reverse`, which reads them many times, and where a step gives several tokens.
        public internal(set) var bandwidthShare: Double?
        /// Bytes of the caches of all lanes.
        public let cacheBytes: Int
        /// The largest memory of the process so far, with the mapped file: that of all variants up to this context.
        public let peakMemoryBytes: Int
    }

    /// What was measured, and on what.
    public struct Report: Sendable, Encodable {
        /// The model's file.
        public let model: String
        /// Threads that computed.
        public let threads: Int
        /// Numbers in which keys and values were kept.
        public let cacheType: Session.CacheType
        /// At which this machine reads memory with as many threads.
        public internal(set) var bandwidthBytesPerSecond: Double
        /// That a token reads.
        public let weightBytes: Int
        /// One for each context, number of sequences and variant.
        public internal(set) var rows: [Row]
    }

    /// Measures the variants by turns.
    /// - Parameter progress: called before each measurement with what is about to be measured.
    /// - Throws: ``TensorGraphError``, ``InferenceError`` and ``GenerationError``, where something can't be computed.
    public static func run(_ model: LanguageModel, _ options: Options, progress: (String) -> Void) throws -> Report {
        var report = Report(
            model: model.path, threads: options.threadCount, cacheType: options.cacheType,
            bandwidthBytesPerSecond: 0, weightBytes: model.weights.bytesPerToken, rows: [])
        progress("warming up")
        try warmUp(model, options)
        for context in options.contexts {
            guard context + options.tokenCount <= 16_777_216 else { continue }
            for count in [1] + options.parallelCounts {
                report.rows += try measure(model, context: context, sequences: count, options, progress)
            }
        }
        // Last, since its own memory would count in the rows' peaks.
        progress("memory bandwidth")
        report.bandwidthBytesPerSecond = try MemoryBandwidth.measure(threadCount: options.threadCount)
        for index in report.rows.indices { report.rows[index].bandwidthShare? /= report.bandwidthBytesPerSecond }
        return report
    }

    /// Reads every weight once, so that no measurement pays for the file's first pages.
    private static func warmUp(_ model: LanguageModel, _ options: Options) throws {
        let session = try InferenceSession(
            model, regions: [],
            options: .init(
                contextLength: 16, threadCount: options.threadCount, cacheType: options.cacheType.storage))
        _ = try session.append(randomTokens(16, vocabularySize: model.configuration.vocabularySize))
    }

    private static func measure(
        _ model: LanguageModel, context: Int, sequences count: Int, _ options: Options, _ progress: (String) -> Void
    ) throws -> [Row] {
        let clock = ContinuousClock()
        let prompt = try model.prompt(tokens: randomTokens(context, vocabularySize: model.configuration.vocabularySize))
        let marked = try MarkedPrompt(
            prompt, regions: [RegionSpecification(.tokens([0..<max(1, context / 4)]))])
        let variants = Variant.allCases.filter { variant in
            variant == .greedy
                || options.variants.contains(variant)
                    && (variant != .reverse || context <= options.longestReverseContext)
                    && (variant != .reverse || count == 1)
                    && (variant != .cad || context > 1)  // Something has to be left without the region.
        }
        var runs: [Run] = []
        for variant in variants {
            progress("context \(context): reading the prompt, \(variant.rawValue)")
            let strategy = try variant.strategy(for: marked, model, options)
            let needs = strategy.needs
            let sessionOptions = InferenceSession.Options(
                contextLength: context + options.tokenCount, threadCount: options.threadCount,
                cacheType: options.cacheType.storage, rule: needs.rule)
            let evaluator = try BatchEvaluator(model, threadCount: options.threadCount)
            let start = clock.now
            func reading(
                _ tokens: [Int], _ regions: [RegionOfInterest] = [], under intervention: Intervention
            ) throws -> InferenceSession {
                let session = try InferenceSession(
                    model, regions: regions, intervention: intervention, options: sessionOptions, evaluator: evaluator)
                session.beginReading(tokens)
                return session
            }
            let sequences = try (0..<count).map { _ in
                (
                    own: try reading(prompt.tokens, needs.regions, under: needs.intervention),
                    companions: try needs.companions.map { try reading($0.prompt.tokens, under: $0.intervention) }
                )
            }
            var run = Run(
                variant: variant, evaluator: evaluator,
                states: sequences.map { own, companions in
                    GenerationState(
                        inference: own, companions: companions, strategy: strategy,
                        limits: GenerationLimits(ignoresEndOfGeneration: true), promptLength: context,
                        text: TextStream(stopStrings: []))
                }, tangentLanes: needs.regions.count)
            _ = try run.step()  // The forward pass of the first step is the prompt's.
            run.prefillTokensPerSecond = Double(count * context) / (start.duration(to: clock.now) / .seconds(1))
            let sessions = sequences.flatMap { own, companions in [own] + companions }
            run.cacheBytes = sessions.reduce(0) { $0 + $1.byteCount }
            run.cacheBytesPerToken = sessions.reduce(0) { $0 + $1.cacheBytesPerToken }
            runs.append(run)
        }
        progress("context \(context): decoding")
        for step in 0..<options.tokenCount - 1 {
            for index in runs.indices where step < runs[index].variant.stepLimit {
                if runs[index].variant == .reverse { progress("context \(context): agd-reverse, token \(step + 1)") }
                let start = clock.now
                let isGuided = try runs[index].step()
                runs[index].times[isGuided, default: []].append(start.duration(to: clock.now) / .seconds(1))
            }
        }
        let greedyTime = runs[0].typicalTime
        return runs.map { run in
            let bytes = Double(model.weights.bytesPerToken + run.cacheBytesPerToken)
            return Row(
                variant: run.variant, context: context, sequences: count, tangentLanes: run.tangentLanes,
                tokensPerSecond: Double(count) / run.typicalTime, timeOverGreedy: run.typicalTime / greedyTime,
                prefillTokensPerSecond: run.prefillTokensPerSecond,
                bandwidthShare: run.variant == .reverse || count > 1 ? nil : bytes / run.typicalTime,
                cacheBytes: run.cacheBytes, peakMemoryBytes: ProcessMemory.peakBytes)
        }
    }

    /// A variant in the course of being measured.
    private struct Run {
        let variant: Variant
        let evaluator: BatchEvaluator
        let states: [GenerationState]
        let tangentLanes: Int
        var cacheBytes = 0, cacheBytesPerToken = 0
        var prefillTokensPerSecond = 0.0
        /// Seconds of each step, of those that guidance chose at and of the others.
        var times: [Bool: [Double]] = [:]

        /// A token of each sequence.
        /// - Returns: whether guidance chose.
        func step() throws -> Bool {
            let parts = states.map { $0.beginStep() }
            var predictions = try evaluator.read(parts.flatMap { $0 })[...]
            let steps = try zip(states, parts).map { state, sequences in
                defer { predictions = predictions.dropFirst(sequences.count) }
                return try state.finishStep(.success(Array(predictions.prefix(sequences.count))), tokenizer: nil)
            }
            return steps.contains(where: \.choice.guided)
        }

        /// The median time of a step; where guided steps and others take turns, the mean of both medians by their numbers.
        var typicalTime: Double {
            let count = times.values.reduce(0) { $0 + $1.count }
            return times.values.reduce(0) { $0 + $1.sorted()[$1.count / 2] * Double($1.count) / Double(count) }
        }
    }

    /// Tokens from the seeded generator, so that each run reads the same.
    static func randomTokens(_ count: Int, vocabularySize: Int) -> [Int] {
        var generator = SeededGenerator(seed: 1)
        return (0..<count).map { _ in Int.random(in: 0..<vocabularySize, using: &generator) }
    }
}

/// The memory of this process.
enum ProcessMemory {
    /// The largest resident size so far, in bytes.
    static var peakBytes: Int {
        var usage = rusage()
        #if os(Linux)
            getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
            return usage.ru_maxrss * 1024
        #else
            getrusage(RUSAGE_SELF, &usage)
            return usage.ru_maxrss
        #endif
    }
}
