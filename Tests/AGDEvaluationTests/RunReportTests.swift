import AGDInsight
import AttributionGuidedDecoding
import Foundation
import Testing

@testable import AGDEvaluation
@testable import TestFixtures

@Suite("Reports say what runs show, and what they leave open")
struct RunReportTests {
    private static func file(
        _ name: String, _ strategy: DecodingMethod.Kind, _ lines: [String],
        change: (inout RunSettings) -> Void = { _ in }
    ) throws -> (TemporaryFile, RunFile) {
        let data = try TemporaryFile("x", name: "data.jsonl")
        let source = try RunSettings.DataFile(path: data.path)
        let decoding =
            strategy == .guided ? DecodingMethod.guided(.init(Guidance(entropyThreshold: nil))) : strategy.standard
        var settings = RunSettings(
            benchmark: .microcosm, data: [source], model: source, method: RunMethod(decoding), maximumTokens: 8,
            cacheType: "f16")
        change(&settings)
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        let header = String(decoding: try encoder.encode(["run": settings]), as: UTF8.self)
        let file = try TemporaryFile(([header] + lines).joined(separator: "\n") + "\n", name: "\(name).jsonl")
        return (file, try RunFile(reading: file.path))
    }
    private static func line(
        _ id: Int, correct: Double?, error: String? = nil, logProbability: Double = -2, correlation: String = ""
    ) -> String {
        let metrics = correct.map { "{\"correct\":\($0)}" } ?? "{}"
        return "{\"doc_id\":\"\(id)\",\"task\":\"t\",\"resps\":[\"a\"],\"metrics\":\(metrics),\"prompt_tokens\":3,"
            + "\"completion_tokens\":2,\"guided_steps\":1,\"changed_steps\":0,\"log_probability\":\(logProbability),"
            + "\"repeated_tokens\":0\(correlation)" + (error.map { ",\"error\":\"\($0)\"" } ?? "") + "}"
    }

    @Test("means, paired tests and perplexity follow from the samples")
    func rows() throws {
        let greedy = try Self.file("greedy", .greedy, (0..<10).map { Self.line($0, correct: $0 < 1 ? 1 : 0) })
        let guided = try Self.file(
            "agd", .guided, (0..<10).map { Self.line($0, correct: $0 < 9 ? 1 : 0, logProbability: -4) })
        let report = try RunReport([greedy.1, guided.1])
        #expect(report.rows.map(\.mean) == [0.1, 0.9])
        #expect(report.rows[0].pValue == nil)
        // Eight items differ, all one way: 2 / 2^8.
        #expect(abs((report.rows[1].pValue ?? 0) - 2 / 256.0) < 1e-12)
        #expect(abs(report.costs[0].perplexity - exp(1)) < 1e-9)
        #expect(abs(report.costs[1].perplexity - exp(2)) < 1e-9)
        #expect(report.costs[1].guidedShare == 0.5)
        #expect(
            try RunReport([greedy.1, guided.1], baseline: "agd sum").rows.map { $0.pValue != nil } == [true, false])
        #expect(throws: EvaluationError.self) { try RunReport([greedy.1], baseline: "nonsense") }
    }

    @Test("failed and unscored items are counted and shown, not dropped")
    func failures() throws {
        let run = try Self.file(
            "agd", .guided,
            [Self.line(0, correct: 1), Self.line(1, correct: nil, error: "too <long>"), Self.line(2, correct: nil)])
        let report = try RunReport([run.1])
        #expect(report.rows[0].count == 1 && report.rows[0].unscoredCount == 2)
        #expect(report.costs[0].failedItems == 1)
        #expect(report.failures.map(\.item) == ["1"])
        #expect(report.markdown.contains("too <long>"))
        #expect(report.html.contains("too &lt;long&gt;"))
    }

    @Test("an item that two files of a method hold counts once")
    func duplicates() throws {
        let files = try ["a", "b"].map { try Self.file($0, .greedy, [Self.line(0, correct: 1)]) }
        #expect(try RunReport(files.map(\.1)).costs[0].items == 1)
    }

    @Test("runs of other models or lengths aren't compared")
    func incomparable() throws {
        let one = try Self.file("one", .greedy, [Self.line(0, correct: 1)])
        let other = try Self.file("other", .guided, [Self.line(0, correct: 1)]) { $0.maximumTokens = 9 }
        let error = #expect(throws: EvaluationError.self) { try RunReport([one.1, other.1]) }
        #expect(error?.file == other.0.path)
        #expect(error?.problem.contains("number of tokens") == true)
    }

    @Test("a damaged line is an error with its number; a last line without its end is still being written")
    func damaged() throws {
        let lines = (0..<3).map { Self.line($0, correct: 1) }
        let good = try Self.file("good", .greedy, lines).0
        let text = try String(contentsOfFile: good.path, encoding: .utf8)
        let middle = try TemporaryFile(text.replacing("\"doc_id\":\"1\"", with: "\"doc"))
        let error = #expect(throws: EvaluationError.self) { try RunFile(reading: middle.path) }
        #expect(error?.line == 3 && error?.file == middle.path)
        let cut = try TemporaryFile(String(text.dropLast(20)))
        #expect(try RunFile(reading: cut.path).samples.count == 2)
        #expect(throws: EvaluationError.self) { try RunFile(reading: TemporaryFile("").path) }
    }

    @Test("the correlation over candidates averages over steps")
    func correlation() throws {
        let run = try Self.file(
            "agd", .guided,
            [
                Self.line(0, correct: 1, correlation: ",\"correlation\":{\"steps\":2,\"relevance\":2,\"score\":-1}"),
                Self.line(1, correct: 1, correlation: ",\"correlation\":{\"steps\":2,\"relevance\":0,\"score\":-1}"),
            ])
        let cost = try RunReport([run.1]).costs[0]
        #expect(cost.relevanceCorrelation == 0.5 && cost.scoreCorrelation == -0.5)
    }

    @Test("Pearson's correlation is 1 on a line, -1 on a falling one, 0 where unrelated, undefined for constants")
    func pearson() {
        #expect(abs((Correlation.pearson([1, 2, 3], [5, 7, 9]) ?? 0) - 1) < 1e-12)
        #expect(abs((Correlation.pearson([1, 2], [3, -1]) ?? 0) + 1) < 1e-12)
        #expect(Correlation.pearson([-1, 0, 1], [1, -2, 1]) == 0)
        #expect(Correlation.pearson([1, 2], [3, 3]) == nil)
    }

    @Test("on the Pareto front is what nothing else beats in both")
    func front() throws {
        func run(_ k: Int, correct: Int, _ logProbability: Double) throws -> (TemporaryFile, RunFile) {
            try Self.file(
                "k\(k)", .guided,
                (0..<10).map { Self.line($0, correct: $0 < correct ? 1 : 0, logProbability: logProbability) }
            ) {
                $0.method = RunMethod(
                    .guided(.init(Guidance(entropyThreshold: nil), candidates: CandidateRule(count: k))))
            }
        }
        let files = [
            try run(1, correct: 2, -1), try run(2, correct: 8, -3), try run(3, correct: 5, -4),
            try run(4, correct: 9, -5),
        ]
        let front = try ParetoFront(files.map(\.1))
        #expect(front.metric == "correct")
        #expect(front.points.map(\.isOnFront) == [true, true, false, true])
        #expect(front.svg.contains("<polyline") && front.svg.hasPrefix("<svg"))
        #expect(throws: EvaluationError.self) { try ParetoFront(files.map(\.1), metric: "nonsense") }
    }

    @Test("a sweep's numbers are ranges or lists")
    func numbers() {
        #expect(SweepGrid.numbers("0.5:1.5:0.25") == [0.5, 0.75, 1, 1.25, 1.5])
        #expect(SweepGrid.numbers("0:0.3:0.1") == [0, 0.1, 0.2, 0.3])
        #expect(SweepGrid.numbers("3,5,10") == [3, 5, 10])
        for text in ["", "a", "1:2", "2:1:1", "1:2:0", "1,,2", "nan"] { #expect(SweepGrid.numbers(text) == nil) }
    }

    @Test("the calibrated threshold opens for the wanted share of tokens, in either unit")
    func calibration() {
        let entropies = (0..<100).map { Double($0) / 100 }
        let threshold = EntropyCalibration(entropies, rate: 0.2).threshold ?? 0
        #expect(entropies.count { $0 >= threshold } == 20)
        #expect(
            abs((EntropyCalibration(entropies, unit: .bits, rate: 0.2).threshold ?? 0) - threshold / log(2)) < 1e-12)
    }
}
