import Foundation
import TensorGraph

/// Measures what guidance costs: greedy decoding and guided variants side by side, taking turns in one run, so that
/// whatever else the machine does hits all of them alike.
public struct ModelBenchmark: Sendable {
    public struct Options: Sendable {
        /// Positions that are filled before decoding is measured.
        public var contexts = [128, 1024, 4096]
        /// Tokens decoded by each variant at each context.
        public var tokenCount = 32
        public var threadCount = Session.Options.defaultThreadCount
        public var cacheType = Session.CacheType.float16

        public init() {}
    }

    /// One variant at one context length.
    public struct Row: Sendable, Encodable {
        public let variant: String
        public let context: Int
        /// Tangent lanes beside the primal.
        public let tangentLanes: Int
        public let tokensPerSecond: Double
        /// Median time of a token over greedy's.
        public let timeOverGreedy: Double
        public let prefillTokensPerSecond: Double
        /// Bytes that a token must read, weights and caches, over its time, as a share of the measured bandwidth.
        public internal(set) var bandwidthShare: Double
        /// The largest memory of the process so far, with the mapped file.
        public let peakMemoryBytes: Int
    }

    public struct Report: Sendable, Encodable {
        public let model: String
        public let threads: Int
        public let cacheType: Session.CacheType
        public internal(set) var bandwidthBytesPerSecond: Double
        public let weightBytes: Int
        public internal(set) var rows: [Row]
    }

    private struct Variant {
        let name: String
        let strategy: any DecodingStrategy
    }

    /// - Parameter progress: called before each measurement with what is about to be measured.
    public static func run(_ model: LanguageModel, _ options: Options, progress: (String) -> Void) throws -> Report {
        var report = Report(
            model: model.path, threads: options.threadCount, cacheType: options.cacheType,
            bandwidthBytesPerSecond: 0, weightBytes: model.weights.bytesPerToken, rows: [])
        for context in options.contexts {
            guard context + options.tokenCount <= 16_777_216 else { continue }
            report.rows += try measure(model, context: context, options, progress)
        }
        // Last, since its own memory would count in the rows' peaks.
        progress("memory bandwidth")
        report.bandwidthBytesPerSecond = try MemoryBandwidth.measure(threadCount: options.threadCount)
        for index in report.rows.indices { report.rows[index].bandwidthShare /= report.bandwidthBytesPerSecond }
        return report
    }

    private static func measure(
        _ model: LanguageModel, context: Int, _ options: Options, _ progress: (String) -> Void
    ) throws -> [Row] {
        let clock = ContinuousClock()
        let prompt = randomTokens(context, vocabularySize: model.configuration.vocabularySize)
        let region = RegionOfInterest(
            tokens: Dictionary(uniqueKeysWithValues: (0..<max(1, context / 4)).map { ($0, 1) }))
        let variants = variants(region)
        var prefill: [Double] = []
        var states: [(state: GenerationState, session: InferenceSession)] = []
        for variant in variants {
            progress("context \(context): reading the prompt, \(variant.name)")
            let session = try InferenceSession(
                model, regions: variant.strategy.regions,
                options: .init(
                    contextLength: context + options.tokenCount, threadCount: options.threadCount,
                    cacheType: options.cacheType.elementType, rule: variant.strategy.rule))
            let start = clock.now
            let prediction = try session.append(prompt)
            prefill.append(Double(context) / (start.duration(to: clock.now) / .seconds(1)))
            let state = GenerationState(
                inference: session, prediction: prediction, strategy: variant.strategy,
                limits: GenerationLimits(ignoresEndOfGeneration: true), promptLength: context,
                text: TextStream(stopStrings: []))
            _ = try state.step(tokenizer: nil)  // The first step only chooses; the forward pass is the prompt's.
            states.append((state, session))
        }
        progress("context \(context): decoding")
        var times = Array(repeating: [Double](), count: variants.count)
        for _ in 0..<options.tokenCount - 1 {
            for (index, item) in states.enumerated() {
                let start = clock.now
                _ = try item.state.step(tokenizer: nil)
                times[index].append(start.duration(to: clock.now) / .seconds(1))
            }
        }
        let medians = zip(times, variants).map { times, variant in typical(times, variant.strategy) }
        return variants.indices.map { index in
            let lanes = variants[index].strategy.regions.count
            let bytes = Double(model.weights.bytesPerToken + states[index].session.cacheBytes(positions: context))
            return Row(
                variant: variants[index].name, context: context, tangentLanes: lanes,
                tokensPerSecond: 1 / medians[index],
                timeOverGreedy: medians[index] / medians[0], prefillTokensPerSecond: prefill[index],
                bandwidthShare: bytes / medians[index], peakMemoryBytes: ProcessMemory.peakBytes)
        }
    }

    /// The median time of a step; for a gated variant, whose steps differ in kind, the mean over all of them.
    private static func typical(_ times: [Double], _ strategy: any DecodingStrategy) -> Double {
        strategy is PeriodicallyGuided ? times.reduce(0, +) / Double(times.count) : times.sorted()[times.count / 2]
    }

    private static func variants(_ region: RegionOfInterest) -> [Variant] {
        let candidates = CandidateRule(count: 5, minimumProbability: 0)
        func guided(_ score: AttributionGuided.Score, _ tangents: TangentSchedule = .withEachStep) -> AttributionGuided
        {
            AttributionGuided(
                region: region, score: score, candidates: candidates, entropyThreshold: nil, tangents: tangents)
        }
        return [
            Variant(name: "greedy", strategy: Greedy(candidates: candidates)),
            Variant(name: "agd", strategy: guided(.sum)),
            Variant(name: "agd excess", strategy: guided(.excess)),
            Variant(name: "agd 20 % eager", strategy: PeriodicallyGuided(guided(.sum), period: 5)),
            Variant(name: "agd 20 % deferred", strategy: PeriodicallyGuided(guided(.sum, .whenAsked), period: 5)),
        ]
    }

    /// Tokens from the seeded generator, so that each run reads the same.
    private static func randomTokens(_ count: Int, vocabularySize: Int) -> [Int] {
        var generator = SeededGenerator(seed: 1)
        return (0..<count).map { _ in Int.random(in: 0..<vocabularySize, using: &generator) }
    }
}

/// Guides every `period`-th step, as an entropy gate with that opening rate would.
private struct PeriodicallyGuided: DecodingStrategy {
    let name = "agd"
    private var guided: AttributionGuided
    private var greedy: Greedy
    private let period: Int
    private var step = 0

    init(_ guided: AttributionGuided, period: Int) {
        self.guided = guided
        self.period = period
        greedy = Greedy(candidates: guided.candidates)
    }

    var regions: [RegionOfInterest] { guided.regions }
    var rule: PropagationRule { guided.rule }
    var tangents: TangentSchedule { guided.tangents }

    mutating func choose(_ context: borrowing DecodingContext) throws -> Choice {
        step += 1
        return step % period == 0 ? try guided.choose(context) : greedy.choose(context)
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
