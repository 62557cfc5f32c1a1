/// One item with the model's reply and its scores: a line of a run.
public struct Sample: Codable, Hashable, Sendable {
    /// The item's id, which others may have, too.
    public var docId: String
    /// Which item it is; nil in runs of earlier versions.
    public var place: ItemPlace?
    /// The part of the benchmark.
    public var task: String
    /// The replies, one a turn.
    public var resps: [String]
    /// Scores from 0 to 1 by metric; absent is what no rule can say.
    public var metrics: [String: Double]
    /// Of all turns.
    public var promptTokens: Int
    /// Of all turns.
    public var completionTokens: Int
    /// Steps that were chosen by score, and those of them that greedy decoding would have chosen otherwise.
    public var guidedSteps: Int
    /// Steps that greedy decoding would have chosen otherwise.
    public var changedSteps: Int
    /// Natural logarithm of the completion's probability under the model as it is, also where a method changes it.
    public var logProbability: Double
    /// Tokens that repeat the three before them as they stood earlier in the reply.
    public var repeatedTokens: Int
    /// Correlations over the candidates of steps that were chosen by score: see ``CandidateCorrelation``.
    public var correlation: CandidateCorrelation?
    /// Why the last reply ended.
    public var stopReason: String?
    /// Replies that ended before their thought did, so that there is no answer; nil for none.
    public var unfinishedThoughts: Int?
    /// Why there is no reply, where there is none.
    public var error: String?

    init(_ item: EvaluationItem) {
        docId = item.id
        place = item.place
        task = item.setting
        (resps, metrics) = ([], [:])
        (promptTokens, completionTokens, guidedSteps, changedSteps, repeatedTokens) = (0, 0, 0, 0, 0)
        logProbability = 0
    }
}

extension Sample {
    /// Tokens that end a sequence of four that has occurred before.
    static func repetitions(_ tokens: [Int]) -> Int {
        var seen: Set<[Int]> = []
        return tokens.indices.dropFirst(3).count { !seen.insert(Array(tokens[($0 - 3)...$0])).inserted }
    }
}
