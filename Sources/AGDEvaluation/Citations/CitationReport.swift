import AGDInsight

/// How good the citations of some methods are, over the same items.
public struct CitationReport: Sendable, Encodable {
    /// One method's figures; intervals are 95 % bootstrap over items.
    public struct Row: Sendable, Encodable {
        /// The method, by name.
        public var method: String
        /// Items that it was measured on.
        public var itemCount: Int
        /// Share of items whose leading document is gold.
        public var precisionAt1: Estimate
        /// Share of gold documents among the two leading ones.
        public var precisionAt2: Estimate
        /// Share of an item's gold documents that lead, and that are among the two leading ones.
        public var recallAt1, recallAt2: Estimate
        /// What the answer's log-probability loses without the leading document; nil where leaving one out wasn't measured.
        public var lossAt1: Estimate?
        /// How well the sum of the scores of some documents tells the answer's log-probability with these alone: Spearman's correlation
        /// over an item's draws (ContextCite's linear datamodeling score); nil without draws.
        public var linearScore: Estimate?
        /// Mean of an item, without the reading that methods share.
        public var seconds: Double
        /// Mean over items of the seconds over those of reading prompt and answer once.
        public var secondsOverReading: Double
    }

    /// By falling precision at 1.
    public var rows: [Row]

    /// - Parameter results: of one model.
    public init(_ results: [CitationRun.Result]) {
        let methods = Set(results.flatMap(\.rankings.keys))
        rows = methods.map { method in
            let measured = results.filter { $0.rankings[method] != nil }
            let leaders = measured.map { Self.leaders($0.rankings[method]?.scores ?? []) }
            func gold(_ count: Int) -> [Double] {
                zip(measured, leaders).map { result, leaders in
                    Double(leaders.prefix(count).count { result.gold.contains($0) })
                }
            }
            let sizes = measured.map { Double(max(1, $0.gold.count)) }
            let seconds = measured.map { $0.rankings[method]?.seconds ?? 0 }
            let count = Double(max(1, measured.count))
            return Row(
                method: method, itemCount: measured.count, precisionAt1: Estimate(gold(1)),
                precisionAt2: Estimate(gold(2).map { $0 / 2 }),
                recallAt1: Estimate(zip(gold(1), sizes).map { $0 / $1 }),
                recallAt2: Estimate(zip(gold(2), sizes).map { $0 / $1 }),
                lossAt1: Self.estimate(measured.map { $0.lossWithoutLeader(of: method) }),
                linearScore: Self.estimate(measured.map { $0.linearScore(of: method) }),
                seconds: seconds.reduce(0, +) / count,
                secondsOverReading: zip(measured, seconds).reduce(0) { $0 + $1.1 / max(1e-9, $1.0.readingSeconds) }
                    / count)
        }.sorted { ($0.precisionAt1.mean, $1.method) > ($1.precisionAt1.mean, $0.method) }
    }

    /// Over the items that have the number.
    private static func estimate(_ values: [Double?]) -> Estimate? {
        let known = values.compactMap { $0 }
        return known.isEmpty ? nil : Estimate(known)
    }

    /// Documents by falling score; of equal ones the first in the file.
    static func leaders(_ scores: [Double]) -> [Int] {
        scores.indices.sorted { (-scores[$0], $0) < (-scores[$1], $1) }
    }
}

extension CitationRun.Result {
    fileprivate func lossWithoutLeader(of method: String) -> Double? {
        guard let losses = rankings[CitationMethod.leaveOneOut.name]?.scores, let scores = rankings[method]?.scores,
            let leader = CitationReport.leaders(scores).first
        else { return nil }
        return losses[leader]
    }

    fileprivate func linearScore(of method: String) -> Double? {
        guard let ablations, let scores = rankings[method]?.scores else { return nil }
        return Correlation.spearman(
            ablations.map { $0.kept.reduce(0) { $0 + scores[$1] } }, ablations.map(\.logProbability))
    }
}
