/// Scores a reply to an ``EvaluationItem`` by whatever rule the item asks for.
///
///     let scorer = ReplyScorer(support: try TextSupport(directory: "support"))
///     try scorer.scores(of: "Oslo", by: .answers(["Oslo"]))["instructqa_recall"]      // 1
public struct ReplyScorer: Sendable {
    private let ifeval: IFEvalScorer

    /// A scorer with the tables that it finds.
    public init(support: TextSupport) { ifeval = IFEvalScorer(support: support) }

    /// The metrics reported for questions. AGD's "recall" is one of the first two; which one isn't known.
    public static let answerMetrics: [AnswerMetric] = [
        .instructQARecall, .instructQARecallExactMatch, .instructQAF1, .dprExactMatch,
    ]

    /// Scores from 0 to 1 by name. Absent is what no rule can say: IFEval instructions without their tables, and
    /// everything that needs a judge.
    /// - Throws: ``EvaluationError`` for an unknown instruction or a wrong argument.
    public func scores(of reply: String, by scoring: Scoring) throws(EvaluationError) -> [String: Double] {
        switch scoring {
        case .instructions(let instructions):
            return Self.scores(try ifeval.verdicts(on: reply, for: instructions))
        case .answers(let golds):
            var scores: [String: Double] = [:]
            for metric in Self.answerMetrics { scores[metric.rawValue] = try metric.score(reply, golds: golds) }
            return scores
        case .singleWord(let answer): return ["correct": IHEvalScorers.singleWord(reply, answer: answer) ? 1 : 0]
        case .language(let answers): return ["correct": IHEvalScorers.language(reply, answers: answers) ? 1 : 0]
        case .translation(let reference):
            let scores = IHEvalScorers.translation(reply, reference: reference)
            return ["rouge_l": scores.strict, "rouge_l_loose": scores.loose]
        case .verbs(let reference):
            let scores = IHEvalScorers.verbs(reply, reference: reference)
            return ["word_f1": scores.strict, "word_f1_loose": scores.loose]
        case .checks(let checks): return ["correct": checks.allSatisfy { $0.holds(for: reply) } ? 1 : 0]
        case .judged: return [:]
        }
    }

    /// The verdicts on each instruction, for ``IFEvalAccuracy``.
    /// - Throws: ``EvaluationError`` for an unknown instruction or a wrong argument.
    public func verdicts(on reply: String, for instructions: [IFEvalInstruction]) throws(EvaluationError)
        -> [IFEvalVerdict]
    {
        try ifeval.verdicts(on: reply, for: instructions)
    }

    private static func scores(_ verdicts: [IFEvalVerdict]) -> [String: Double] {
        var accuracy = IFEvalAccuracy()
        accuracy.add(verdicts)
        return [
            "prompt_strict": accuracy.promptStrict, "prompt_loose": accuracy.promptLoose,
            "instruction_strict": accuracy.instructionStrict, "instruction_loose": accuracy.instructionLoose,
        ].compactMapValues(\.accuracy)
    }
}
