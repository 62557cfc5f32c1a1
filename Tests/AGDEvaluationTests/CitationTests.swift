import Foundation
import Testing

@testable import AGDEvaluation
@testable import AGDInsight
@testable import AttributionGuidedDecoding
@testable import TestFixtures

@Suite("Citations are compared with the paragraphs that are known to hold the answer")
struct CitationTests {
    private static let item = """
        {"_id": "a1", "question": "What does Petra eat?", "answer": "honey", "supporting_facts": [["Petra", 0]], \
        "context": [["Hana", ["Hana is a doctor.", " She is kind."]], ["Petra", ["Petra eats honey."]]]}
        """

    @Test("HotpotQA's layout is read: documents in order, gold by title; items without paragraphs are left out")
    func read() throws {
        let bare = #"{"_id": "b", "question": "x", "answer": "y", "supporting_facts": [], "context": []}"#
        let file = try TemporaryFile("[\(Self.item), \(bare)]")
        let items = try CitationItem.read(path: file.path)
        #expect(items.map(\.id) == ["a1"])
        #expect(items[0].documents.map(\.text) == ["Hana is a doctor. She is kind.", "Petra eats honey."])
        #expect(items[0].gold == [1])
    }

    @Test(
        "a file that is something else is told, with the field",
        arguments: [
            (#"[{"question": "x", "answer": "y", "supporting_facts": [["a"]], "context": []}]"#, "supporting_facts[0]"),
            (#"[{"question": "x", "answer": "y", "context": []}]"#, "supporting_facts"),
            (#"[{"_id": "b", "question": "x", "answer": "y", "supporting_facts": [], "context": []}]"#, "no item"),
        ])
    func malformed(content: String, expected: String) throws {
        let file = try TemporaryFile(content)
        #expect {
            try CitationItem.read(path: file.path)
        } throws: { error in
            "\(error)".contains(expected) && "\(error)".contains(file.path)
        }
    }

    @Test("words that few texts have count most")
    func overlap() {
        let scores = LexicalOverlap(["the cat is red", "the dog is red", "the dog is blue", "the bird"]).scores(
            of: "The blue dog, the blue dog is")
        #expect(scores.indices.max { scores[$0] < scores[$1] } == 2)
        #expect(scores[3] == 0 && scores[1] > scores[0])
    }

    @Test("precision and recall count gold documents among the leaders")
    func report() {
        func result(_ id: String, _ scores: [Double]) -> CitationRun.Result {
            CitationRun.Result(
                id: id, model: "m", answer: "", promptTokens: 1, gold: [0, 2], readingSeconds: 2,
                rankings: ["x": .init(scores: scores, seconds: 4)])
        }
        let rows = CitationReport([result("1", [3, 1, 2]), result("2", [1, 3, 2]), result("3", [0, 0, -1])]).rows
        #expect(rows.count == 1 && rows[0].itemCount == 3)
        #expect(abs(rows[0].precisionAt1.mean - 2.0 / 3) < 1e-9)
        #expect(abs(rows[0].precisionAt2.mean - 4.0 / 6) < 1e-9)
        #expect(abs(rows[0].recallAt1.mean - 1.0 / 3) < 1e-9)
        #expect(rows[0].seconds == 4 && rows[0].secondsOverReading == 2)
    }

    @Test("the loss without the leader is told, and how well scores add up to what draws of the documents do")
    func ablations() {
        var result = CitationRun.Result(
            id: "1", model: "m", answer: "", promptTokens: 1, gold: [0], readingSeconds: 1,
            rankings: [
                "right": .init(scores: [3, 1], seconds: 0), "wrong": .init(scores: [-3, -1], seconds: 0),
                "leave-one-out": .init(scores: [2.5, 0.5], seconds: 0),
            ])
        func row(_ method: String) -> CitationReport.Row? {
            CitationReport([result]).rows.first { $0.method == method }
        }
        #expect(row("right")?.lossAt1?.mean == 2.5 && row("wrong")?.lossAt1?.mean == 0.5)
        #expect(row("right")?.linearScore == nil)
        result.ablations = [([], -9), ([1], -4), ([0], -2), ([0, 1], -1)].map { .init(kept: $0, logProbability: $1) }
        #expect(abs((row("right")?.linearScore?.mean ?? 0) - 1) < 1e-9)
        #expect(abs((row("wrong")?.linearScore?.mean ?? 0) + 1) < 1e-9)
    }

    @Test("a run measures each item once, and goes on with methods that are new")
    func run() async throws {
        let file = try TemporaryFile("[\(Self.item)]")
        let output = try TemporaryFile("")
        let model = try LanguageModel(path: Repository.model)
        let items = try CitationItem.read(path: file.path)
        func measure(_ methods: [CitationMethod], ablations: Int = 0) async throws -> CitationRun.Result {
            var options = CitationRun.Options()
            (options.methods, options.answerLength, options.reverse) = (methods, 6, Oracle.reverseOptions)
            options.ablationCount = ablations
            var run = try CitationRun(model, options: options, path: output.path)
            try await run.measure(items) { _ in }
            #expect(run.results.count == 1)
            return try #require(run.results.first)
        }
        let first = try await measure([.relevance(.attnLRP), .overlap])
        #expect(first.rankings["overlap"]?.scores[1] ?? 0 > first.rankings["overlap"]?.scores[0] ?? 0)
        let second = try await measure([.relevance(.attnLRP), .hops(.attnLRP), .leaveOneOut])
        #expect(Set(second.rankings.keys) == ["attnlrp", "attnlrp+hops", "overlap", "leave-one-out"])
        #expect(second.rankings["attnlrp"]?.seconds == first.rankings["attnlrp"]?.seconds)
        let third = try await measure([.attention, .cited], ablations: 4)
        #expect(third.rankings.count == 6 && third.ablations?.count == 4)
        #expect(third.rankings.values.allSatisfy { $0.scores.count == 2 && $0.scores.allSatisfy(\.isFinite) })
        let attention = try #require(third.rankings["attention"]?.scores)
        #expect(attention.allSatisfy { $0 > 0 } && attention.reduce(0, +) < 1)
        #expect(try await measure([.attention], ablations: 2).ablations?.count == 4)
        try Data("{}\n".utf8).write(to: URL(filePath: output.path))
        #expect(throws: EvaluationError.self) { try CitationRun.read(output.path) }
    }
}
