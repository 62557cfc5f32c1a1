import Foundation
import Testing

@testable import AGDInsight
@testable import AttributionGuidedDecoding
@testable import TestFixtures

@Suite("Heads are told apart by D, open book less closed book")
struct HeadIdentificationTests {
    /// Two layers of two heads. D of the heads 0.0, 0.1, 1.0 and 1.1 is 1, -2, 4 and -0.5.
    private static let relevances: [HeadIdentification.Relevances] = [
        (open: [3, 1, 5, 0], closed: [1, 2, 0, 1]),
        (open: [1, 0, 4, 1], closed: [1, 3, 1, 1]),
    ]

    private static func identification(
        _ kind: HeadIdentification.Kind, count: Int = 2, _ relevances: [HeadIdentification.Relevances] = relevances
    ) -> HeadIdentification {
        HeadIdentification(relevances, headCount: 2, kind: kind, count: count, model: "by hand")
    }

    @Test("D is the mean open-book relevance less the mean closed-book relevance of each head")
    func scores() {
        let identification = Self.identification(.inContext)
        #expect(identification.scores == [[1, -2], [4, -0.5]])
        #expect(identification.itemCount == 2 && identification.skippedCount == 0)
    }

    @Test("in-context heads are the largest D, parametric ones the smallest, strongest first")
    func selection() {
        func selected(_ kind: HeadIdentification.Kind, _ count: Int) -> [[Double]] {
            Self.identification(kind, count: count).heads.map { [Double($0.layer), Double($0.head), $0.score] }
        }
        #expect(selected(.inContext, 2) == [[1, 0, 4], [0, 0, 1]])
        #expect(selected(.parametric, 3) == [[0, 1, -2], [1, 1, -0.5], [0, 0, 1]])
        #expect(selected(.parametric, 100).count == 4)
    }

    @Test("where all items are alike every resample selects the same heads")
    func stable() {
        let identification = Self.identification(.inContext, Array(repeating: Self.relevances[0], count: 5))
        let stability = identification.stability
        #expect(stability.mean == 1 && stability.low == 1 && stability.high == 1)
        #expect(identification.heads.map(\.frequency) == [1, 1])
    }

    @Test("where two heads change places from item to item the selection is told to be unsteady")
    func unsteady() throws {
        let items: [HeadIdentification.Relevances] = (0..<8).map { item in
            (open: item < 4 ? [5, 0, 9, 0] : [0, 5.1, 9, 0], closed: [0, 0, 0, 0])
        }
        let identification = Self.identification(.inContext, items)
        #expect(identification.heads.map { [$0.layer, $0.head] } == [[1, 0], [0, 1]])
        #expect(identification.heads[0].frequency == 1)
        #expect((0.3..<0.9).contains(identification.heads[1].frequency))
        // Two selections of two that share one head overlap by a third.
        let expected = identification.heads[1].frequency + (1 - identification.heads[1].frequency) / 3
        #expect(abs(identification.stability.mean - expected) < 1e-12)
    }

    @Test("R_h is the positive relevance at the head's output, of the token at which the answers part")
    func fromModel() throws {
        let model = try LanguageModel(path: Repository.model)
        let item = try Self.items(
            """
            {"question": "What does Petra eat?", "gold": "butter", "counterfactual": "honey", "context": "Context: Petra \
            eats honey.", "context_role": "system", "answer_prefix": "Petra eats"}
            """)[0]
        let options = Oracle.reverseOptions
        let tokenizer = try #require(model.tokenizer)
        func relevance(_ messages: [ChatMessage], _ answer: String) throws -> [Double] {
            let tokens = try model.prompt(messages).tokens + tokenizer.tokenize("Petra eats")
            let target = try #require(tokenizer.tokenize(answer).first)
            return try ReverseAttribution(model, tokens: tokens, options: options)
                .attribute([.init(token: target, position: tokens.count - 1)])[0].heads.flatMap(\.positive)
        }
        let question = ChatMessage.user("What does Petra eat?")
        let open = try relevance([.system("Context: Petra eats honey."), question], " honey")
        let closed = try relevance([question], " butter")

        let identification = try HeadIdentification(model, [item], kind: .inContext, count: 3, options: options)

        #expect(identification.scores.flatMap { $0 } == zip(open, closed).map { $0 - $1 })
    }

    @Test("answers that begin alike are left out, and if none is left that is an error")
    func indistinguishable() throws {
        let model = try LanguageModel(path: Repository.model)
        let items = try Self.items(
            #"{"question": "?", "gold": "honey", "counterfactual": "honey", "context": "."}"#)
        #expect(throws: ItemError.self) {
            try HeadIdentification(model, items, kind: .parametric, count: 1, options: Oracle.reverseOptions)
        }
    }

    @Test(
        "a malformed line is an error that names file, line and field",
        arguments: [
            (#"{"question": "?", "gold": "a", "context": "."}"#, "'counterfactual' is missing"),
            (#"{"question": "?", "gold": 1, "counterfactual": "b", "context": "."}"#, "'gold' is of the wrong type"),
            (
                #"{"question": "?", "gold": "a", "counterfactual": "b", "context": ".", "context_role": "tool"}"#,
                "'context_role' has an unknown value"
            ),
            (#"{"question": "#, "not valid JSON"), ("[]", "the line is of the wrong type"),
        ])
    func malformed(line: String, problem: String) throws {
        let good = "{\"question\": \"?\", \"gold\": \"a\u{2028}\", \"counterfactual\": \"b\", \"context\": \".\"}"
        let error = try #require(throws: ItemError.self) { try Self.items("\(good)\r\n\n\(line)\n") }
        #expect(error.description.contains("items.jsonl, line 3: \(problem); expected {\"question\""))
    }

    private static func items(_ text: String) throws -> [HeadIdentification.Item] {
        let file = try TemporaryFile(text, name: "items.jsonl")
        return try HeadIdentification.Item.read(path: file.path)
    }
}
