/// Scores replies that are already there: one JSON line in, one out.
///
/// | benchmark | line in | line out |
/// |---|---|---|
/// | `ifeval` | `id`, `instruction_id`, `kwargs`, `response` | `id`, `strict`, `loose` (null: unscored) |
/// | `qa` | `id`, `metric`, `prediction`, `golds` | `id`, `score` |
/// | `sysbench` | `id`, `dialogues` with the judge's verdicts | `id` and the rates of ``SysBenchScores/json`` |
///
/// Further fields are ignored. Lines are read and written one at a time.
///
///     let scorer = LineScorer(.ifeval, support: .none)
///     try scorer.score(file: "replies.jsonl") { print($0.text) }      // {"id": "1", "strict": true, "loose": true}
public struct LineScorer: Sendable {
    /// Whose rules score.
    public enum Benchmark: String, CaseIterable, Sendable {
        /// IFEval's instructions, short answers to questions, or SysBench's criteria with their verdicts.
        case ifeval, qa, sysbench
    }

    /// What became of a file.
    public struct Summary: Equatable, Sendable {
        /// Lines that were scored.
        public var lines = 0
        /// Replies that ended before their thought did, and were scored as empty.
        public var unfinishedThoughts = 0
    }

    private let benchmark: Benchmark
    private let ifeval: IFEvalScorer
    private let scoresThoughts: Bool

    /// - Parameters:
    ///   - support: tables for IFEval; without them some instructions stay unscored.
    ///   - scoresThoughts: takes what a model thought aloud for a part of its reply; see ``Reply``.
    public init(_ benchmark: Benchmark, support: TextSupport, scoresThoughts: Bool = false) {
        self.benchmark = benchmark
        self.scoresThoughts = scoresThoughts
        ifeval = IFEvalScorer(support: support)
    }

    /// Scores each line that isn't blank and hands the result over at once.
    ///
    /// - Throws: ``EvaluationError`` naming file, line, field and remedy, at the first line that can't be scored; the
    ///   results before it have been handed over.
    /// - Returns: what was scored; a file without a line is an error.
    @discardableResult
    public func score(file path: String, _ emit: (JSONValue) -> Void) throws(EvaluationError) -> Summary {
        var summary = Summary()
        try InputFile.forEachLine(of: path) { (line, _) throws(EvaluationError) in
            emit(try score(line))
            summary.lines += 1
            if !scoresThoughts, case .string(let text) = line[replyField].value, Reply(text).endsInThought {
                summary.unfinishedThoughts += 1
            }
        }
        guard summary.lines > 0 else {
            throw EvaluationError(file: path, problem: "holds no line", remedy: "write one JSON object a line")
        }
        return summary
    }

    private var replyField: String { benchmark == .ifeval ? "response" : "prediction" }

    /// What of the line's reply is scored.
    private func answer(in line: JSONField) throws(EvaluationError) -> String {
        let text = try line[replyField].string()
        return scoresThoughts ? text : Reply(text).answer
    }

    /// Scores one line.
    /// - Throws: ``EvaluationError`` naming field and remedy.
    public func score(line: JSONValue) throws(EvaluationError) -> JSONValue { try score(JSONField(line)) }

    private func score(_ line: JSONField) throws(EvaluationError) -> JSONValue {
        _ = try line.members()
        _ = try line["id"].identifier()
        let result: [JSONValue.Member] =
            switch benchmark {
            case .ifeval: try ifevalResult(line)
            case .qa: [.init("score", .number(try answerScore(line)))]
            case .sysbench: try sysBenchResult(line)
            }
        return .object([.init("id", line["id"].value ?? .null)] + result)
    }

    private func ifevalResult(_ line: JSONField) throws(EvaluationError) -> [JSONValue.Member] {
        let instruction = IFEvalInstruction(
            id: try line["instruction_id"].string(), arguments: line["kwargs"].value ?? .null)
        let verdict = try ifeval.verdict(on: try answer(in: line), for: instruction)
        return [.init("strict", JSONValue(verdict.strict)), .init("loose", JSONValue(verdict.loose))]
    }

    private func answerScore(_ line: JSONField) throws(EvaluationError) -> Double {
        guard let metric = AnswerMetric(rawValue: try line["metric"].string()) else {
            throw line["metric"].unexpected("one of " + AnswerMetric.allCases.map(\.rawValue).joined(separator: ", "))
        }
        return try metric.score(try answer(in: line), golds: try line["golds"].strings())
    }

    private func sysBenchResult(_ line: JSONField) throws(EvaluationError) -> [JSONValue.Member] {
        let dialogues = try line["dialogues"].array().map { (field) throws(EvaluationError) in
            try SysBenchDialogue(field)
        }
        guard case .object(let members) = SysBenchScores(dialogues).json else { return [] }
        return members
    }
}
