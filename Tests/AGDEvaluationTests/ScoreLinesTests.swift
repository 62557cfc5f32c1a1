import Testing

@testable import AGDEvaluation
@testable import TestFixtures

@Suite("One line in, one line out")
struct ScoreLinesTests {
    private func score(_ benchmark: LineScorer.Benchmark, _ lines: String) throws -> [String] {
        let file = try TemporaryFile(lines)
        var results: [String] = []
        try LineScorer(benchmark, support: .none).score(file: file.path) { results.append($0.text) }
        return results
    }

    @Test("IFEval: strict and loose, null when unscored")
    func ifeval() throws {
        let lines = """
            {"id": "a", "instruction_id": "punctuation:no_comma", "kwargs": {}, "prompt": "-", "response": "Yes, sir."}
            {"id": 2, "instruction_id": "language:response_language", "kwargs": {"language": "en"}, "response": "Yes."}
            """
        #expect(
            try score(.ifeval, lines) == [
                #"{"id": "a", "strict": false, "loose": false}"#, #"{"id": 2, "strict": null, "loose": null}"#,
            ])
    }

    @Test("questions: a score")
    func questions() throws {
        let line = #"{"id": "q", "metric": "instructqa_recall", "prediction": "It is Oslo", "golds": ["Oslo", "x"]}"#
        #expect(try score(.qa, line) == [#"{"id": "q", "score": 1}"#])
    }

    @Test("SysBench: the rates")
    func sysbench() throws {
        let turn = #"{"alignment": "align", "criteria": [{"type": "role", "met": true}]}"#
        let turns = Array(repeating: turn, count: 5).joined(separator: ", ")
        let line = #"{"id": "s", "dialogues": [{"rounds_related": true, "turns": [\#(turns)]}]}"#
        let result = try JSONParser.parse(try score(.sysbench, line)[0])
        #expect(result["csr"] == .number(1) && result["ssr"] == .number(1))
        #expect(result["ssr_parallel"] == .null && result["isr_misaligned"] == .null)
    }

    @Test(
        "a line that can't be scored is an error with line, field and remedy",
        arguments: [
            (LineScorer.Benchmark.ifeval, #"{"id": 1, "kwargs": {}, "response": "x"}"#, "instruction_id"),
            (.ifeval, #"{"id": 1, "instruction_id": "punctuation:no_comma", "kwargs": {}}"#, "response"),
            (.ifeval, #"{"instruction_id": "punctuation:no_comma", "kwargs": {}, "response": "x"}"#, "id"),
            (.qa, #"{"id": 1, "metric": "bleu", "prediction": "x", "golds": ["x"]}"#, "metric"),
            (.qa, #"{"id": 1, "metric": "hotpot_em", "prediction": "x", "golds": "x"}"#, "golds"),
            (.sysbench, #"{"id": 1, "dialogues": [{"rounds_related": true, "turns": []}]}"#, "dialogues[0].turns"),
            (.sysbench, "[]", nil), (.qa, "{\"id\": 1", nil),
        ] as [(LineScorer.Benchmark, String, String?)])
    func errors(benchmark: LineScorer.Benchmark, line: String, field: String?) throws {
        let file = try TemporaryFile("\n" + line + "\n")
        let error = #expect(throws: EvaluationError.self) {
            try LineScorer(benchmark, support: .none).score(file: file.path) { _ in }
        }
        #expect(error?.line == 2 && error?.field == field)
        #expect(error?.description.hasPrefix(file.path + ":2: ") == true && error?.remedy.isEmpty == false)
    }

    @Test("results before a bad line have been handed over")
    func streaming() throws {
        let good = #"{"id": 1, "metric": "triviaqa_em", "prediction": "x", "golds": ["x"]}"#
        let file = try TemporaryFile(good + "\n" + good + "\n{}\n")
        var count = 0
        #expect(throws: EvaluationError.self) {
            try LineScorer(.qa, support: .none).score(file: file.path) { _ in count += 1 }
        }
        #expect(count == 2)
    }
}
