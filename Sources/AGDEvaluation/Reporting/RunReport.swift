import Foundation

/// Runs side by side: for each setting and metric the mean of each method with its interval and a paired test.
public struct RunReport: Encodable, Sendable {
    /// A method on a setting by one metric.
    public struct Row: Encodable, Sendable {
        /// As tables call the method, the part of the benchmark, and what is measured.
        public let method, task, metric: String
        /// Items with this metric, and items of the setting without: failed, or left open by the rules.
        public let count, unscoredCount: Int
        /// From 0 to 1.
        public let mean: Double
        /// 95 %: Wilson's for metrics that are 0 or 1, bootstrap for others.
        public let lower, upper: Double
        /// Paired with the baseline on the same items: exact McNemar for 0 or 1, permutation for others.
        public let pValue: Double?
    }
    /// What a method did to the text.
    public struct Cost: Encodable, Sendable {
        /// As tables call it.
        public let method: String
        /// Items that were decoded, and that could not be.
        public let items, failedItems: Int
        /// Items with a reply that ended before its thought did.
        public let unfinishedThoughts: Int
        /// Shares of the generated tokens.
        public let guidedShare, changedShare, repeatedShare: Double
        /// Of the completions under the model itself.
        public let perplexity: Double
        /// Of a completion.
        public let meanTokens: Double
        /// Mean correlation over candidates of the region's relevance, and of the score, with the logit.
        public let relevanceCorrelation, scoreCorrelation: Double?
    }
    /// An item that could not be decoded.
    public struct Failure: Encodable, Sendable {
        /// Where it failed, and why.
        public let method, task, item, error: String
    }

    /// What was run.
    public let model, benchmark: String
    /// The method that the others are tested against.
    public let baseline: String
    /// By setting, metric and method.
    public let rows: [Row]
    /// One a method.
    public let costs: [Cost]
    /// All of them.
    public let failures: [Failure]
    /// What is missing, such as a shard.
    public let notes: [String]

    /// - Parameters:
    ///   - runs: runs of one model and benchmark; shards and data files of one method are put together.
    ///   - baseline: the method that the others are tested against, as tables call it.
    /// - Throws: ``EvaluationError`` for runs that can't be compared.
    public init(_ runs: [RunFile], baseline: String = "greedy") throws {
        guard let first = runs.first else {
            throw EvaluationError(
                problem: "there are no runs to report", remedy: "name files that agd eval has written")
        }
        for run in runs {
            let (one, other) = (first.settings, run.settings)
            let difference: String? =
                one.model != other.model
                ? "model"
                : one.benchmark != other.benchmark
                    ? "benchmark"
                    : one.maximumTokens != other.maximumTokens
                        ? "number of tokens" : one.version != other.version ? "version" : nil
            if let difference {
                throw EvaluationError(
                    file: run.path, field: "run", problem: "is of another \(difference) than \(first.path)",
                    remedy: "report them apart")
            }
        }
        let methods = try Method.grouped(runs)
        let samples = Dictionary(uniqueKeysWithValues: methods.map { ($0.label, $0.samples) })
        let all = methods.flatMap(\.samples).map(\.sample)
        guard baseline == "greedy" || samples[baseline] != nil else {
            throw EvaluationError(
                field: "baseline", problem: "no run is of '\(baseline)'",
                remedy: "give one of " + methods.map { "'\($0.label)'" }.joined(separator: ", "))
        }
        self.baseline = baseline
        model = first.settings.model.name
        benchmark = first.settings.benchmark
        let tasks = all.map(\.task).distinct().sorted()
        let metrics = all.flatMap(\.metrics.keys).distinct().sorted()
        rows = tasks.flatMap { task in
            metrics.flatMap { metric in
                methods.compactMap { Self.row($0.label, task, metric, samples, baseline: baseline) }
            }
        }
        costs = methods.map { Self.cost($0.label, $0.samples.map(\.sample)) }
        failures = methods.flatMap { method in
            method.samples.compactMap { (_, sample) in
                sample.error.map { Failure(method: method.label, task: sample.task, item: sample.docId, error: $0) }
            }
        }
        notes = methods.flatMap(\.missingShards)
    }

    private static func row(
        _ method: String, _ task: String, _ metric: String, _ samples: [String: [Method.Item]], baseline: String
    ) -> Row? {
        func items(_ method: String) -> [Method.Item] { (samples[method] ?? []).filter { $0.sample.task == task } }
        func values(_ method: String) -> [String: Double] {
            Dictionary(
                items(method).compactMap { item in item.sample.metrics[metric].map { (item.identity, $0) } },
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
                (pairs.0 + pairs.1).allSatisfy { $0 == 0 || $0 == 1 }
                ? PairedComparison.mcNemar(first: pairs.0.map { $0 == 1 }, second: pairs.1.map { $0 == 1 })
                : PairedComparison.permutation(first: pairs.0, second: pairs.1)
        }
        return Row(
            method: method, task: task, metric: metric, count: scores.count,
            unscoredCount: items(method).count - scores.count, mean: mean, lower: interval?.lower ?? mean,
            upper: interval?.upper ?? mean, pValue: pValue)
    }

    private static func cost(_ method: String, _ samples: [Sample]) -> Cost {
        let tokens = Double(max(1, samples.reduce(0) { $0 + $1.completionTokens }))
        func share(_ count: (Sample) -> Int) -> Double { Double(samples.reduce(0) { $0 + count($1) }) / tokens }
        let correlation = samples.compactMap(\.correlation).reduce(CandidateCorrelation(), +)
        func mean(_ sum: Double) -> Double? { correlation.steps > 0 ? sum / Double(correlation.steps) : nil }
        return Cost(
            method: method, items: samples.count, failedItems: samples.count { $0.error != nil },
            unfinishedThoughts: samples.count { ($0.unfinishedThoughts ?? 0) > 0 },
            guidedShare: share(\.guidedSteps), changedShare: share(\.changedSteps),
            repeatedShare: share(\.repeatedTokens),
            perplexity: exp(-samples.reduce(0) { $0 + $1.logProbability } / tokens),
            meanTokens: tokens / Double(max(1, samples.count)),
            relevanceCorrelation: mean(correlation.relevance), scoreCorrelation: mean(correlation.score))
    }

    /// What was decoded in one way, from however many files.
    private struct Method {
        typealias Item = (identity: String, sample: Sample)
        var label: String
        var samples: [Item]
        var missingShards: [String]

        static func grouped(_ runs: [RunFile]) throws(EvaluationError) -> [Method] {
            let identity = try ItemIdentity(runs)
            let groups = Dictionary(grouping: runs, by: \.settings.method)
            let methods = runs.map(\.settings.method).distinct()
            return methods.map { method in
                let files = groups[method] ?? []
                let isAlone = methods.count { $0.label == method.label } == 1
                let label = isAlone ? method.label : "\(method.label) (\(files[0].path))"
                let items = files.flatMap { file in file.samples.map { (identity.of($0, in: file), $0) } }
                return Method(
                    label: label, samples: items.distinct { $0.0 }, missingShards: missing(files, label))
            }
        }

        private static func missing(_ files: [RunFile], _ label: String) -> [String] {
            Dictionary(grouping: files) { $0.settings.data }.values.flatMap { files -> [String] in
                let count = files.map(\.settings.shardCount).max() ?? 1
                let present = files.map(\.settings.shard)
                guard files.allSatisfy({ $0.settings.shardCount == count }) else { return [] }
                return (0..<count).filter { !present.contains($0) }.map { "\(label): shard \($0)/\(count) is missing" }
            }.sorted()
        }
    }
}

extension Sequence {
    /// The first element of each key, in order.
    func distinct<Key: Hashable>(_ key: (Element) -> Key) -> [Element] {
        var seen: Set<Key> = []
        return filter { seen.insert(key($0)).inserted }
    }
}

extension Sequence where Element: Hashable {
    /// Each element once, where it first occurs.
    func distinct() -> [Element] { distinct { $0 } }
}
