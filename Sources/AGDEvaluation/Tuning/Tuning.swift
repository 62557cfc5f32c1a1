import AttributionGuidedDecoding

/// Which method serves a task, from some examples of it, and what may be expected of it on others.
public struct Tuning: Sendable, Encodable {
    /// A method on the examples.
    public struct Outcome: Sendable, Encodable {
        /// As tables call it.
        public let method: String
        /// Mean over the examples, from 0 to 1.
        public let score: Double
        /// Examples that only this method does better, and that only greedy decoding does.
        public let better, worse: Int
        /// Share of the generated tokens that end a repeated sequence of four.
        public let repeatedShare: Double
        /// Of a reply.
        public let meanTokens: Double
    }

    /// What may be expected of choosing a method by these examples, against greedy decoding: by cross-validation.
    public struct Gain: Sendable, Encodable {
        /// Mean difference of the score, and its 95 % interval (bootstrap).
        public let mean, lower, upper: Double
        /// Paired with greedy decoding: exact McNemar where scores are 0 or 1, else permutation.
        public let pValue: Double
        /// Whether chance is an unlikely reason for it.
        public var isCertain: Bool { mean > 0 && pValue < 0.05 }
    }

    /// Examples with a score.
    public let itemCount: Int
    /// In the order in which they were tried; greedy decoding is the first.
    public let outcomes: [Outcome]
    /// Methods that can't do all of the examples, and why.
    public let failures: [String: String]
    /// The method with the best score.
    public let best: String
    /// What may be expected of it.
    public let gain: Gain
    /// The method to take: the best one, or greedy decoding where the gain may be chance.
    public let recommended: String
    /// The same.
    public let method: DecodingMethod
    /// The best one, whatever may be said of it.
    public let bestMethod: DecodingMethod

    /// Examples below which nothing can be told.
    public static let fewestItems = 5

    /// - Parameter runs: of the same examples, greedy decoding's first.
    /// - Throws: ``EvaluationError`` for fewer than ``fewestItems`` examples that greedy decoding has a score for.
    public init(_ runs: [RunFile]) throws(EvaluationError) {
        let places = Self.scores(runs.first).keys.sorted { ($0.file, $0.item) < ($1.file, $1.item) }
        guard places.count >= Self.fewestItems else {
            throw EvaluationError(
                problem: "there are \(places.count) examples with a score, from which nothing can be told",
                remedy: "give at least \(Self.fewestItems); twenty and more tell something")
        }
        var (tried, scores, failures) = ([RunFile](), [[Double]](), [String: String]())
        for run in runs {
            let own = Self.scores(run)
            let all = places.compactMap { own[$0] }
            guard all.count == places.count else {
                failures[run.settings.method.label] =
                    run.samples.compactMap(\.error).first ?? "not every example has a score"
                continue
            }
            tried.append(run)
            scores.append(all)
        }
        let validation = CrossValidation(scores)
        let gain = Self.gain(validation.scores, over: scores[0])
        self.itemCount = places.count
        self.failures = failures
        self.gain = gain
        outcomes = zip(tried, scores).map { Self.outcome($0, $1, greedy: scores[0]) }
        let settings = tried[validation.best].settings.method
        bestMethod = settings.decoding
        best = settings.label
        method = gain.isCertain ? bestMethod : .greedy
        recommended = method.label
    }

    private static func scores(_ run: RunFile?) -> [ItemPlace: Double] {
        Dictionary(
            (run?.samples ?? []).compactMap { sample in
                guard let place = sample.place, sample.error == nil,
                    let score = ParetoFront.mainMetrics.lazy.compactMap({ sample.metrics[$0] }).first
                else { return nil }
                return (place, score)
            }, uniquingKeysWith: { first, _ in first })
    }

    private static func gain(_ own: [Double], over greedy: [Double]) -> Gain {
        let mean = zip(own, greedy).reduce(0) { $0 + $1.0 - $1.1 } / Double(own.count)
        let interval = PairedComparison.bootstrapDifference(first: own, second: greedy)
        let isBinary = (own + greedy).allSatisfy { $0 == 0 || $0 == 1 }
        let pValue =
            isBinary
            ? PairedComparison.mcNemar(first: own.map { $0 == 1 }, second: greedy.map { $0 == 1 })
            : PairedComparison.permutation(first: own, second: greedy)
        return Gain(
            mean: mean, lower: interval?.lower ?? mean, upper: interval?.upper ?? mean, pValue: pValue ?? 1)
    }

    private static func outcome(_ run: RunFile, _ scores: [Double], greedy: [Double]) -> Outcome {
        let tokens = run.samples.reduce(0) { $0 + $1.completionTokens }
        return Outcome(
            method: run.settings.method.label, score: scores.reduce(0, +) / Double(scores.count),
            better: zip(scores, greedy).count { $0 > $1 }, worse: zip(scores, greedy).count { $0 < $1 },
            repeatedShare: Double(run.samples.reduce(0) { $0 + $1.repeatedTokens }) / Double(max(1, tokens)),
            meanTokens: Double(tokens) / Double(max(1, run.samples.count)))
    }
}
