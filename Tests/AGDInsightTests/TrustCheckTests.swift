import Testing

@testable import AGDInsight
@testable import AttributionGuidedDecoding
@testable import TestFixtures

@Suite("What rests on untrusted text is told, and held to a limit")
struct TrustCheckTests {
    private static let messages: [ChatMessage] = [
        .system("Answer in English."), ChatMessage(role: "user", content: "Petra has a wolf.", trust: .untrusted),
        .user("What does Petra have?"),
    ]
    private static let call = AnswerToken.Call(
        number: 0, ChatMessage.ToolCall(name: "search", arguments: .object([.init("query", "tea")])))

    @Test("an untrusted share is the sum of the untrusted sources' shares, and the limit tells which exceed it")
    func shares() throws {
        let model = try LanguageModel(path: Repository.model)
        let prompt = try model.prompt(
            Self.messages, options: TemplateOptions(documents: [ChatDocument(text: "Cats purr.", trust: .untrusted)]))
        let tokens = try #require(model.tokenizer).tokenize("Petra has a wolf. It is kind.")
        let answer = tokens.map { AnswerToken(id: $0, text: model.tokenizer?.text(of: $0) ?? "") }
        var options = AnswerSources.Options()
        options.reverse = Oracle.reverseOptions
        for limit in [0, 0.3, 1] {
            options.trust = TrustLimit(share: limit, action: .refuse)
            let sources = try AnswerSources(of: answer, after: prompt, model: model, options: options)
            #expect(sources.sources.filter { $0.trust == .untrusted }.map(\.id) == ["document:1", "message:1"])
            #expect(sources.statements.count == 2)
            for statement in sources.statements {
                let shares = statement.shares.filter { ["document:1", "message:1"].contains($0.source) }
                #expect(abs((statement.untrusted ?? -1) - shares.reduce(0) { $0 + $1.share }) < 1e-12)
            }
            let check = try #require(sources.trust)
            #expect(check.largest == sources.statements.compactMap(\.untrusted).max())
            #expect(
                check.exceeding == sources.statements.indices.filter { sources.statements[$0].untrusted ?? 0 > limit })
            #expect(check.isRefused == !check.exceeding.isEmpty)
            #expect(limit != 1 || !check.isRefused)
        }
    }

    @Test("where nothing is untrusted there is no such share")
    func nothing() throws {
        let model = try LanguageModel(path: Repository.model)
        var options = AnswerSources.Options()
        (options.reverse, options.trust) = (Oracle.reverseOptions, TrustLimit(share: 0))
        let sources = try AnswerSources(
            of: [AnswerToken(id: 5, text: "a")], after: try model.prompt([.user("x")]), model: model, options: options)
        #expect(sources.statements.allSatisfy { $0.untrusted == nil } && sources.trust?.exceeding == [])
    }

    @Test(
        "a call of a tool is a statement of its own, in its place, whatever the unit", arguments: StatementUnit.allCases
    )
    func calls(unit: StatementUnit) {
        let tokens = [
            AnswerToken(id: 0, text: "Let me see."), AnswerToken(id: 1, text: "", call: Self.call),
            AnswerToken(id: 2, text: "", call: Self.call), AnswerToken(id: 3, text: " Done."),
        ]
        let statements = AnswerStatements(tokens, by: unit).statements
        #expect(statements.compactMap(\.call).map(\.text) == [#"search({"query": "tea"})"#])
        #expect(statements.first { $0.call != nil }?.tokens == [1, 2])
        #expect(statements.flatMap(\.tokens).sorted() == [0, 1, 2, 3])
        #expect(statements.map { $0.tokens[0] } == statements.map { $0.tokens[0] }.sorted())
    }
}
