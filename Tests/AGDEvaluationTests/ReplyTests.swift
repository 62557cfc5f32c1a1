import Testing

@testable import AGDEvaluation
@testable import TestFixtures

@Suite("What a model thinks aloud is no part of its answer")
struct ReplyTests {
    @Test(
        "whatever marks it uses, and wherever it thinks",
        arguments: [
            ("<think>\nOslo? Or Bergen?\n</think>\n\nOslo.", "Oslo."),
            ("\n<think></think>Oslo.", "Oslo."),
            ("[THINK]Oslo?[/THINK]Oslo.", "Oslo."),
            ("<seed:think>Oslo?</seed:think>\nOslo.", "Oslo."),
            ("<|START_THINKING|>Oslo?<|END_THINKING|>Oslo.", "Oslo."),
            ("<|channel|>analysis<|message|>Oslo?<|end|><|start|>assistant<|channel|>final<|message|>Oslo.", "Oslo."),
            // EXAONE Deep, Marco-o1, Reka Flash, MedGemma, Granite 3.2, Kimi-VL, OpenThinker, Hunyuan.
            ("<thought>\nOslo?\n</thought>\n\nOslo.", "Oslo."),
            ("<Thought>Oslo?</Thought>\n<Output>Oslo.</Output>", "Oslo."),
            ("<reasoning>Oslo?</reasoning>Oslo.", "Oslo."),
            ("<unused94>thought\nOslo?<unused95>Oslo.", "Oslo."),
            ("Here is my thought process:\nOslo?\nHere is my response:\nOslo.", "Oslo."),
            ("◁think▷Oslo?◁/think▷Oslo.", "Oslo."),
            (
                "<|begin_of_thought|>Oslo?<|end_of_thought|>\n\n<|begin_of_solution|>Oslo.<|end_of_solution|>", "Oslo."
            ),
            ("<think>\nOslo?\n</think>\n<answer>\nOslo.</answer>", "Oslo."),
            ("Oslo<think>or Bergen?</think>.", "Oslo."),
            ("<think>a</think>Os<think>b</think>lo.", "Oslo."),
            // The template had opened the thought.
            ("Oslo? Or Bergen?\n</think>\n\nOslo.", "Oslo."),
            ("Oslo?</think>Os<think>b</think>lo.", "Oslo."),
        ])
    func thoughts(text: String, answer: String) {
        let reply = Reply(text)
        #expect(reply.answer == answer)
        #expect(!reply.endsInThought && reply.text == text)
    }

    @Test(
        "a reply without a thought is the answer, character for character",
        arguments: ["", " Oslo. \n", "a < b", "I think"])
    func none(text: String) {
        #expect(Reply(text).answer == text)
        #expect(Reply(text).thinking.isEmpty && !Reply(text).endsInThought)
    }

    @Test(
        "a thought that doesn't end leaves no answer",
        arguments: ["<think>Oslo", "<think>", "<think>a</think><think>b"])
    func unfinished(text: String) {
        #expect(Reply(text).answer.isEmpty && Reply(text).endsInThought)
    }
}

@Suite("Replies made elsewhere are scored without their thoughts")
struct ThoughtfulLinesTests {
    private static let lines = [
        #"{"id": 1, "metric": "instructqa_f1", "prediction": "<think>\nLyon or Nice\n</think>\nParis", "golds": ["Paris"]}"#,
        #"{"id": 2, "metric": "dpr_exact_match", "prediction": "Lyon?</think>Paris", "golds": ["Paris"]}"#,
        #"{"id": 3, "metric": "instructqa_recall", "prediction": "<think>\nNice\n</think>\nRome", "golds": ["Nice"]}"#,
        #"{"id": 4, "metric": "instructqa_recall", "prediction": "<think>\nNice", "golds": ["Nice"]}"#,
    ]

    private static func score(_ scoresThoughts: Bool) throws -> (scores: [JSONValue?], LineScorer.Summary) {
        let file = try TemporaryFile(lines.joined(separator: "\n"))
        var results: [JSONValue?] = []
        let scorer = LineScorer(.qa, support: .none, scoresThoughts: scoresThoughts)
        let summary = try scorer.score(file: file.path) { results.append($0["score"]) }
        return (results, summary)
    }

    @Test("by default, and it is told how many have no answer")
    func withoutThoughts() throws {
        let (scores, summary) = try Self.score(false)
        #expect(scores == [.number(1), .number(1), .number(0), .number(0)])
        #expect(summary == LineScorer.Summary(lines: 4, unfinishedThoughts: 1))
    }

    @Test("and with them where that is asked for")
    func withThoughts() throws {
        let (scores, summary) = try Self.score(true)
        #expect(scores[1] == .number(0) && scores[2] == .number(1) && scores[3] == .number(1))
        #expect(summary.unfinishedThoughts == 0)
    }
}
