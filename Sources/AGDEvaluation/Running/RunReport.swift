import Foundation

/// Runs side by side: for each setting and metric the mean of each method with its interval and a paired test.
public struct RunReport: Encodable, Sendable {
    public struct Row: Encodable, Sendable {
        public let method: String
        public let task: String
        public let metric: String
        public let count: Int
        public let mean: Double
        /// 95 %: Wilson's for metrics that are 0 or 1, bootstrap for others.
        public let lower, upper: Double
        /// Paired with greedy on the same items: exact McNemar for 0 or 1, permutation for others.
        public let pValue: Double?
    }
    public struct Cost: Encodable, Sendable {
        public let method: String
        public let items, failedItems: Int
        /// Shares of the generated tokens.
        public let guidedShare, changedShare, repeatedShare: Double
        /// Of the completions under the model itself.
        public let perplexity: Double
        public let meanTokens: Double
    }

    public let model: String
    public let rows: [Row]
    public let costs: [Cost]

    /// - Parameter runs: runs of one model and benchmark; shards of one method are put together.
    public init(_ runs: [RunFile]) throws {
        guard let first = runs.first else {
            throw EvaluationError(
                problem: "there are no runs to report", remedy: "name files that agd eval has written")
        }
        if let other = runs.first(where: {
            $0.settings.model != first.settings.model || $0.settings.benchmark != first.settings.benchmark
        }) {
            throw EvaluationError(
                file: other.path, field: "run", problem: "is of another model or benchmark than \(first.path)",
                remedy: "report them apart")
        }
        var order: [String] = []
        var samples: [String: [Sample]] = [:]
        for run in runs {
            let label = run.settings.method.label
            if samples[label] == nil { order.append(label) }
            samples[label, default: []] += run.samples
        }
        model = first.settings.model.name
        let tasks = samples.values.joined().map(\.task).uniqued()
        let metrics = samples.values.joined().flatMap(\.metrics.keys).uniqued().sorted()
        rows = tasks.sorted().flatMap { task in
            metrics.flatMap { metric in order.compactMap { Self.row($0, task, metric, samples, baseline: "greedy") } }
        }
        costs = order.map { Self.cost($0, samples[$0] ?? []) }
    }

    private static func row(
        _ method: String, _ task: String, _ metric: String, _ samples: [String: [Sample]], baseline: String
    ) -> Row? {
        func values(_ method: String) -> [String: Double] {
            Dictionary(
                (samples[method] ?? []).filter { $0.task == task }.compactMap { sample in
                    sample.metrics[metric].map { (sample.docId, $0) }
                },
                uniquingKeysWith: { first, _ in first })
        }
        let own = values(method)
        guard !own.isEmpty else { return nil }
        let scores = own.sorted { $0.key < $1.key }.map(\.value)
        let isBinary = scores.allSatisfy { $0 == 0 || $0 == 1 }
        let mean = scores.reduce(0, +) / Double(scores.count)
        let interval =
            isBinary
            ? Interval.wilson(successes: scores.count { $0 == 1 }, trials: scores.count)
            : Interval.bootstrapMean(scores)
        var pValue: Double?
        if method != baseline {
            let other = values(baseline)
            let shared = own.keys.filter { other[$0] != nil }.sorted()
            let pairs = (shared.compactMap { own[$0] }, shared.compactMap { other[$0] })
            pValue =
                isBinary
                ? PairedComparison.mcNemar(first: pairs.0.map { $0 == 1 }, second: pairs.1.map { $0 == 1 })
                : PairedComparison.permutation(first: pairs.0, second: pairs.1)
        }
        return Row(
            method: method, task: task, metric: metric, count: scores.count, mean: mean, lower: interval?.lower ?? mean,
            upper: interval?.upper ?? mean, pValue: pValue)
    }

    private static func cost(_ method: String, _ samples: [Sample]) -> Cost {
        let tokens = Double(max(1, samples.reduce(0) { $0 + $1.completionTokens }))
        func share(_ count: (Sample) -> Int) -> Double { Double(samples.reduce(0) { $0 + count($1) }) / tokens }
        return Cost(
            method: method, items: samples.count, failedItems: samples.count { $0.error != nil },
            guidedShare: share(\.guidedSteps),
            changedShare: share(\.changedSteps), repeatedShare: share(\.repeatedTokens),
            perplexity: exp(-samples.reduce(0) { $0 + $1.logProbability } / tokens),
            meanTokens: tokens / Double(max(1, samples.count)))
    }
}

extension Sequence where Element: Hashable {
    /// Each element once, where it first occurs.
    func uniqued() -> [Element] {
        var seen: Set<Element> = []
        return filter { seen.insert($0).inserted }
    }
}
