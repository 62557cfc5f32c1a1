import AttributionGuidedDecoding
import Testing

@testable import AGDEvaluation

@Suite("Short answers")
struct AnswerTests {
    @Test("an answer scores 1 against itself by every metric", arguments: AnswerMetric.allCases)
    func identity(metric: AnswerMetric) throws {
        for answer in ["Oslo", "The Beatles", "23 May 1998", "yes", "São Paulo", "U.S."] {
            #expect(try metric.score(answer, golds: [answer]) == 1)
        }
    }

    @Test("scores lie between 0 and 1, and further golds never lower them", arguments: AnswerMetric.allCases)
    func range(metric: AnswerMetric) throws {
        var random = RandomTexts(seed: 5)
        for _ in 0..<60 {
            let texts = (0..<3).map { _ in random.text(upTo: 6).description }
            let one = try metric.score(texts[0], golds: [texts[1]])
            #expect((0...1).contains(one))
            if metric.rawValue.hasPrefix("hotpot") { continue }
            #expect(try metric.score(texts[0], golds: [texts[1], texts[2]]) >= one)
        }
    }

    @Test("no gold, or several where the metric knows one, is an error that names the field")
    func golds() {
        let empty = #expect(throws: EvaluationError.self) { try AnswerMetric.triviaQAF1.score("a", golds: []) }
        #expect(empty?.field == "golds")
        let several = #expect(throws: EvaluationError.self) { try AnswerMetric.hotpotF1.score("a", golds: ["a", "b"]) }
        #expect(several?.field == "golds")
    }
}

@Suite("SysBench's rates")
struct SysBenchTests {
    private func dialogue(_ met: [Bool], dependent: Bool = true) throws -> SysBenchDialogue {
        try SysBenchDialogue(
            hasDependentTurns: dependent,
            turns: met.map { .init(isAligned: true, criteria: [.init(type: "action", isMet: $0)]) })
    }

    @Test("a failure in the first turn ends a dialogue's stability, whatever follows")
    func firstFailure() throws {
        let scores = SysBenchScores([try dialogue([false, true, true, true, true])])
        #expect(scores.sessionStability == 0)
        #expect(scores.instructionSatisfaction == 0.8)
    }

    @Test("stability is the mean of the turn rates and never above instruction satisfaction")
    func stability() throws {
        var generator = SeededGenerator(seed: 6)
        for _ in 0..<100 {
            let dialogues = try (0..<4).map { _ in
                try dialogue((0..<5).map { _ in Int.random(in: 0..<4, using: &generator) > 0 })
            }
            let scores = SysBenchScores(dialogues)
            let stability = try #require(scores.sessionStability)
            let rates = scores.dependentTurnRates.compactMap { $0 }
            #expect(abs(stability - rates.reduce(0, +) / 5) < 1e-12)
            #expect(stability <= scores.instructionSatisfaction ?? 0)
            #expect(scores.parallelSessionStability == nil)
        }
    }

    @Test("four turns are an error")
    func turnCount() {
        #expect(throws: EvaluationError.self) { try dialogue([true, true, true, true]) }
    }
}

@Suite("IHEval's other rules")
struct IHEvalScorerTests {
    @Test(
        "one word, whatever its case and the punctuation around it",
        arguments: [(" **jack**.\n", true), ("Jack", true), ("The name is Jack", false), ("Jac", false), ("", false)])
    func singleWord(reply: String, correct: Bool) {
        #expect(IHEvalScorers.singleWord(reply, answer: "Jack") == correct)
    }

    @Test(
        "exactly one object that names the language and nothing else",
        arguments: [
            (#"{"language": "ESPAÑOL "}"#, true), ("Sure:\n```json\n{\n\"language\": \"Spanish\"\n}\n```", true),
            (#"{"language": "Spanish""#, true), (#"{"language": "English"}"#, false),
            (#"{"Language": "Spanish"}"#, false),
            (#"{"language": "Spanish"} {"language": "Spanish"}"#, false),
            (#"{"language": "Spanish", "summary": "x"}"#, false), (#"{"language": 1}"#, false), ("Spanish", false),
            (#"{'language': 'Spanish'}"#, false), ("{}", false), ("{", false),
        ])
    func language(reply: String, correct: Bool) {
        #expect(IHEvalScorers.language(reply, answers: ["Spanish", "español"]) == correct)
    }

    @Test("a translation equals itself, and loosely forgives a preamble")
    func translation() {
        let reference = "Los patos ponen 16 huevos por día."
        #expect(IHEvalScorers.translation(reference, reference: reference) == (1, 1))
        let scores = IHEvalScorers.translation("Here it is:\n" + reference, reference: reference)
        #expect(scores.strict < 1 && scores.loose == 1)
        #expect(IHEvalScorers.translation("", reference: reference) == (0, 0))
        // Longest common subsequence a c of a b c and a x c: 2 of 3 both ways.
        #expect(abs(IHEvalScorers.translation("a b c", reference: "a x c").strict - 2.0 / 3) < 1e-12)
    }

    @Test("verbs are compared as words, and loosely what follows a colon")
    func verbs() {
        #expect(IHEvalScorers.verbs("runs, has", reference: "has,runs") == (1, 1))
        let scores = IHEvalScorers.verbs("Verbs: runs, has", reference: "has, runs")
        #expect(scores.loose == 1 && scores.strict < 1)
    }
}

@Suite("Microcosm's checks")
struct ReplyCheckTests {
    @Test(
        "what each kind looks for",
        arguments: [
            (ReplyCheck(kind: .includes, values: ["harbour", "Blue Door"]), "The BLUE door.", true),
            (ReplyCheck(kind: .includes, values: ["port"]), "The airport.", false),
            (ReplyCheck(kind: .includes, values: ["42%"]), "It is 42%, maybe.", true),
            (ReplyCheck(kind: .excludes, values: ["port", "sea"]), "The airport.", true),
            (ReplyCheck(kind: .excludes, values: ["port", "sea"]), "By the Sea", false),
            (ReplyCheck(kind: .startsWith, values: ["ahoy"]), " Ahoy!", true),
            (ReplyCheck(kind: .startsWith, values: ["ahoy"]), "Oh, ahoy!", false),
            (ReplyCheck(kind: .endsWith, values: ["Over."]), "Yes. OVER.\n", true),
            (ReplyCheck(kind: .uppercase), "YES, 2.", true), (ReplyCheck(kind: .uppercase), "12", false),
            (ReplyCheck(kind: .lowercase), "yes, 2.", true), (ReplyCheck(kind: .lowercase), "Yes", false),
        ])
    func kinds(check: ReplyCheck, reply: String, holds: Bool) {
        #expect(check.holds(for: reply) == holds)
    }

    @Test("includes and excludes are opposites")
    func opposites() {
        var random = RandomTexts(seed: 7)
        for _ in 0..<100 {
            let reply = random.text(upTo: 10).description
            let values = ["hello", "the", "é"]
            let includes = ReplyCheck(kind: .includes, values: values).holds(for: reply)
            #expect(includes != ReplyCheck(kind: .excludes, values: values).holds(for: reply))
        }
    }
}
