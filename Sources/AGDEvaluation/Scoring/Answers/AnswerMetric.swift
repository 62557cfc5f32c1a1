/// The scores of short answers, under the names of the programs that define them. All lie between 0 and 1, and of
/// several golds the best counts.
///
///     try AnswerMetric.instructQARecall.score("It is the capital, Oslo.", golds: ["Oslo"])    // 1
public enum AnswerMetric: String, CaseIterable, Sendable {
    /// Equal after normalisation (DPR; instruct-qa, Adlakha et al., arXiv 2307.16877; HotpotQA, arXiv 1809.09600).
    case dprExactMatch = "dpr_exact_match"
    /// The same, by instruct-qa's name.
    case instructQAExactMatch = "instructqa_em"
    /// The same, by HotpotQA's name.
    case hotpotExactMatch = "hotpot_em"
    /// The gold is part of the prediction after normalisation: of its text, not of its tokens (lost-in-the-middle,
    /// arXiv 2307.03172; instruct-qa; DPR for KILT).
    case bestSubspan = "best_subspan_em"
    /// The same, by instruct-qa's name.
    case instructQARecallExactMatch = "instructqa_recallem"
    /// The same, by the name of DPR for KILT.
    case dprKILTHasAnswer = "dpr_kilt_has_answer"
    /// The same on the prediction's first line, which is how lost-in-the-middle calls it.
    case bestSubspanFirstLine = "best_subspan_em_first_line"
    /// Token overlap (instruct-qa).
    case instructQARecall = "instructqa_recall"
    /// The share of the prediction's tokens that the gold has, too.
    case instructQAPrecision = "instructqa_precision"
    /// The harmonic mean of recall and precision.
    case instructQAF1 = "instructqa_f1"
    /// Token overlap with one gold; `yes`, `no` and `noanswer` match only themselves (HotpotQA).
    case hotpotF1 = "hotpot_f1"
    /// The share of the prediction's tokens that the gold has, too.
    case hotpotPrecision = "hotpot_precision"
    /// The share of the gold's tokens that the prediction has, too.
    case hotpotRecall = "hotpot_recall"
    /// With TriviaQA's own normalisation (arXiv 1705.03551).
    case triviaQAExactMatch = "triviaqa_em"
    /// Token overlap, with the same normalisation.
    case triviaQAF1 = "triviaqa_f1"
    /// The gold's tokens occur in a row in the prediction; articles and punctuation count (DPR).
    case dprHasAnswer = "dpr_has_answer"

    /// - Throws: ``EvaluationError`` when there is no gold, or several where the metric is defined for one.
    public func score(_ prediction: String, golds: [String]) throws(EvaluationError) -> Double {
        guard !golds.isEmpty else {
            throw EvaluationError(field: "golds", problem: "is empty", remedy: "give at least one correct answer")
        }
        if takesOneGold, golds.count > 1 {
            throw EvaluationError(
                field: "golds", problem: "holds \(golds.count) answers, and \(rawValue) is defined for one",
                remedy: "give one answer, or use an instructqa metric")
        }
        let prediction = PythonText(prediction)
        return golds.map { score(prediction, gold: PythonText($0)) }.max() ?? 0
    }

    private var takesOneGold: Bool {
        switch self {
        case .hotpotExactMatch, .hotpotF1, .hotpotPrecision, .hotpotRecall: true
        default: false
        }
    }

    private func score(_ prediction: PythonText, gold: PythonText) -> Double {
        switch self {
        case .bestSubspanFirstLine: return contained(gold, in: prediction.lines()[0].strip())
        case .bestSubspan, .instructQARecallExactMatch, .dprKILTHasAnswer: return contained(gold, in: prediction)
        case .dprHasAnswer:
            let tokens = AnswerNormalization.dprTokens(gold)
            return AnswerNormalization.dprTokens(prediction).contains(tokens) ? 1 : 0
        case .triviaQAExactMatch:
            return AnswerNormalization.triviaQA(prediction) == AnswerNormalization.triviaQA(gold) ? 1 : 0
        case .triviaQAF1:
            return TokenOverlap(
                prediction: AnswerNormalization.triviaQA(prediction), gold: AnswerNormalization.triviaQA(gold)
            ).f1
        default: return squadScore(AnswerNormalization.squad(prediction), gold: AnswerNormalization.squad(gold))
        }
    }

    private func squadScore(_ prediction: [PythonText], gold: [PythonText]) -> Double {
        let overlap = TokenOverlap(prediction: prediction, gold: gold)
        switch self {
        case .instructQARecall: return gold.isEmpty ? 1 : overlap.recall
        case .instructQAPrecision: return overlap.precision
        case .instructQAF1: return prediction.isEmpty && gold.isEmpty ? 1 : overlap.f1
        case .hotpotF1: return closedAnswersDiffer(prediction, gold) ? 0 : overlap.f1
        case .hotpotPrecision: return closedAnswersDiffer(prediction, gold) ? 0 : overlap.precision
        case .hotpotRecall: return closedAnswersDiffer(prediction, gold) ? 0 : overlap.recall
        default: return prediction == gold ? 1 : 0
        }
    }

    private func contained(_ gold: PythonText, in prediction: PythonText) -> Double {
        let texts = [gold, prediction].map { PythonText.join(AnswerNormalization.squad($0), with: " ") }
        return texts[1].contains(texts[0]) ? 1 : 0
    }

    private func closedAnswersDiffer(_ prediction: [PythonText], _ gold: [PythonText]) -> Bool {
        let closed: [[PythonText]] = [["yes"], ["no"], ["noanswer"]]
        return prediction != gold && (closed.contains(prediction) || closed.contains(gold))
    }
}
