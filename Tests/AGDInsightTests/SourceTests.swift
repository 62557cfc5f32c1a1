import Foundation
import Testing

@testable import AGDInsight
@testable import AttributionGuidedDecoding
@testable import TestFixtures

@Suite("Sentences")
struct SentenceTests {
    @Test(
        "end where a reader would end them",
        arguments: [
            ("One. Two! Three? Four", ["One.", "Two!", "Three?", "Four"]),
            (
                "Dr. Ada Lovelace met Mr. C. Babbage. They talked.",
                ["Dr. Ada Lovelace met Mr. C. Babbage.", "They talked."]
            ),
            ("It costs 3.5 euros. Cheap.", ["It costs 3.5 euros.", "Cheap."]),
            ("He said \"Stop.\" Then he left.", ["He said \"Stop.\"", "Then he left."]),
            ("Use e.g. tea. or not", ["Use e.g. tea. or not"]),
            ("1. Boil it.\n2. Eat it.", ["1. Boil it.", "2. Eat it."]),
            ("a line\n\n  another  \n", ["a line", "another"]),
            ("東京は首都です。人が多い！", ["東京は首都です。", "人が多い！"]), ("Wait… What?", ["Wait…", "What?"]),
            ("", []), ("  \n ", []), (".", ["."]), ("Ellis Is. I. Am.", ["Ellis Is.", "I.", "Am."]),
        ] as [(String, [String])])
    func sentences(text: String, expected: [String]) {
        let bytes = Array(text.utf8)
        #expect(Sentences.ranges(in: text).map { String(decoding: bytes[$0], as: UTF8.self) } == expected)
    }

    @Test("hold all that isn't white space, in order, whatever the text")
    func cover() {
        var generator = SeededGenerator(seed: 3)
        let pieces = ["A", "b", ".", "!", " ", "\n", "é", "。", "\"", "1", "…", "\r\n", "👩‍👩‍👧", "e.g", "\u{301}"]
        for _ in 0..<300 {
            let text = (0..<20).map { _ in pieces.randomElement(using: &generator) ?? "" }.joined()
            let (bytes, ranges) = (Array(text.utf8), Sentences.ranges(in: text))
            #expect(zip(ranges, ranges.dropFirst()).allSatisfy { $0.upperBound <= $1.lowerBound })
            #expect(ranges.allSatisfy { String(validating: bytes[$0], as: UTF8.self) != nil })
            let outside = bytes.indices.filter { index in !ranges.contains { $0.contains(index) } }
            #expect(outside.allSatisfy { " \n\r".utf8.contains(bytes[$0]) })
        }
    }
}

@Suite("An answer is divided into statements")
struct AnswerStatementTests {
    private static let tokens = ["Tea", " is", " hot", ".", "", " So", " is", " fire", ".\n"].enumerated().map {
        AnswerToken(id: $0, text: $1)
    }

    @Test("each token that has text belongs to one, by its first letter")
    func units() {
        let sentences = AnswerStatements(Self.tokens, by: .sentence).statements
        #expect(sentences.map(\.tokens) == [[0, 1, 2, 3], [5, 6, 7, 8]])
        #expect(sentences.map(\.bytes) == [0..<11, 12..<23])
        #expect(AnswerStatements(Self.tokens, by: .answer).statements.map(\.tokens) == [[0, 1, 2, 3, 5, 6, 7, 8]])
        #expect(
            AnswerStatements(Self.tokens, by: .token).statements.map(\.tokens) == [
                [0], [1], [2], [3], [5], [6], [7], [8],
            ])
        #expect(AnswerStatements([], by: .sentence).statements.isEmpty)
    }

    @Test("where there are too many, neighbours are put together")
    func limit() {
        let many = (0..<10).map { AnswerToken(id: $0, text: " S\($0).") }
        let parts = AnswerStatements(many, by: .sentence, limit: 4).statements
        #expect(parts.map(\.tokens) == [[0, 1, 2], [3, 4, 5], [6, 7, 8], [9]])
    }
}

@Suite("Hops")
struct HopTests {
    @Test("send what a statement owes to one before to what that one rests on, and lose nothing")
    func passedOn() {
        // Two prompt tokens, three statements of a token each.
        let rows = [[3.0, 1, 0, 0, 0], [0, 2, 4, 0, 0], [1, 0, 2, 3, 0]]
        let passed = AnswerSources.passedOn(rows, said: [[2], [3], [4]])
        #expect(passed[0] == rows[0])
        #expect(passed[1] == [3, 3, 0, 0, 0])
        #expect(passed[2] == [1 + 1.5 + 1.5, 0.5 + 1.5, 0, 0, 0])
        #expect(zip(passed, rows).allSatisfy { $0.reduce(0, +) == $1.reduce(0, +) })
    }

    @Test("what a statement owes to itself goes where the rest of it goes")
    func own() {
        let passed = AnswerSources.passedOn([[3, 1, 2, 0]], said: [[2, 3]])
        #expect(passed == [[4.5, 1.5, 0, 0]])
    }

    @Test("what speaks against a statement stays where it is")
    func negative() {
        let rows = [[1.0, 0, 0], [1, -2, 0]]
        #expect(AnswerSources.passedOn(rows, said: [[1], [2]]) == rows)
        let against = [[-1.0, 0, 0], [1, 2, 0]]
        #expect(AnswerSources.passedOn(against, said: [[1], [2]]) == against)
    }
}

@Suite("Sources of answers")
struct AnswerSourceTests {
    private static let documents = [
        ChatDocument(id: "a", title: "Pets", text: "Petra has a wolf. It is kind."),
        ChatDocument(text: "The cat is in the garden."),
    ]

    private static func conversation(_ model: LanguageModel) throws -> Prompt {
        try model.prompt(
            [.system("Answer in Spanish."), .user("Where is the cat?")], options: TemplateOptions(documents: documents))
    }

    private static func answer(_ model: LanguageModel, _ prompt: Prompt) async throws -> [AnswerToken] {
        let limits = GenerationLimits(maximumTokens: 24, ignoresEndOfGeneration: true)
        var tokens: [AnswerToken] = []
        for try await step in try model.generate(
            prompt, strategy: Greedy(), limits: limits,
            options: .init(contextLength: 512, threadCount: 1, cacheType: .float32))
        {
            tokens.append(AnswerToken(id: step.token, text: step.text))
        }
        return tokens
    }

    private static func options(_ unit: StatementUnit, hops: Bool) -> AnswerSources.Options {
        var options = AnswerSources.Options()
        (options.unit, options.hops, options.reverse) = (unit, hops, Oracle.reverseOptions)
        return options
    }

    @Test(
        "every token belongs to one source, shares add up to 1, and relevance to all that arrives",
        arguments: StatementUnit.allCases, [true, false])
    func shares(unit: StatementUnit, hops: Bool) async throws {
        let model = try LanguageModel(path: Repository.model)
        let prompt = try Self.conversation(model)
        let answer = try await Self.answer(model, prompt)
        let sources = try AnswerSources(
            of: answer, after: prompt, model: model, options: Self.options(unit, hops: hops))
        #expect(
            sources.sources.map(\.id) == ["document:a", "document:2", "message:0", "message:1", "template", "answer"])
        #expect(sources.sources[0].passages.map(\.text) == ["Petra has a wolf.", "It is kind."])
        // Of what the message says itself, counted from its own first character.
        #expect(sources.sources[3].passages == [.init(start: 0, end: 17, text: "Where is the cat?")])
        #expect(!sources.statements.isEmpty)
        let text = Array(answer.map(\.text).joined().unicodeScalars)
        for statement in sources.statements {
            #expect(String(String.UnicodeScalarView(text[statement.start..<statement.end])) == statement.text)
            #expect(abs(statement.shares.reduce(0) { $0 + $1.share } - 1) < 1e-9)
            let arrived = statement.shares.reduce(0) { $0 + $1.relevance }
            #expect(abs(arrived - statement.relevance) < 1e-9 * max(1, abs(arrived)))
            #expect(
                statement.shares.allSatisfy { share in
                    share.passages.reduce(0) { $0 + $1.share } <= share.share + 1e-9
                })
            #expect((0...1).contains(try #require(statement.grounded)))
        }
    }

    @Test("the shares of an answer are those of forward mode: the adjoint identity, by document")
    func forward() async throws {
        let model = try LanguageModel(path: Repository.model)
        let prompt = try Self.conversation(model)
        let answer = try await Self.answer(model, prompt)
        let sources = try AnswerSources(
            of: answer, after: prompt, model: model, options: Self.options(.answer, hops: false))
        let session = try Session(model, options: .init(contextLength: 512, threadCount: 1, cacheType: .float32))
        for (number, document) in prompt.documents.enumerated() {
            let positions = prompt.tokens(overlapping: document.spans).joined()
            let region = RegionOfInterest(tokens: Dictionary(uniqueKeysWithValues: positions.map { ($0, 1) }))
            var score = 0.0
            for (index, token) in answer.enumerated() where !token.text.isEmpty {
                let before = try model.prompt(tokens: prompt.tokens + answer[..<index].map(\.id))
                score += try await session.attribution(of: [token.id], after: before, region: region)[0].regionScore
            }
            let share = try #require(
                sources.statements[0].shares.first { $0.source == sources.sources[number].id })
            let scale = sources.statements[0].shares.map(\.relevance).largestMagnitude
            // The file's weights have half precision, and products round differently forwards and back.
            #expect(abs(share.relevance - score) < 2e-3 * scale, "\(share.relevance) \(score)")
        }
    }

    @Test("without hops, sentences add up to the answer")
    func additive() async throws {
        let model = try LanguageModel(path: Repository.model)
        let prompt = try Self.conversation(model)
        let answer = try await Self.answer(model, prompt)
        func relevance(_ unit: StatementUnit) throws -> [String: Double] {
            let sources = try AnswerSources(
                of: answer, after: prompt, model: model, options: Self.options(unit, hops: false))
            return sources.statements.flatMap(\.shares).reduce(into: [:]) { $0[$1.source, default: 0] += $1.relevance }
        }
        let (whole, tokens) = (try relevance(.answer), try relevance(.token))
        #expect(whole.count == tokens.count)
        let scale = Array(whole.values).largestMagnitude
        #expect(whole.allSatisfy { abs($0.value - (tokens[$0.key] ?? .nan)) < 1e-5 * scale })
    }

    @Test("footnotes stand behind sentences, and the list below names what they stand for")
    func text() async throws {
        let model = try LanguageModel(path: Repository.model)
        let prompt = try Self.conversation(model)
        let answer = try await Self.answer(model, prompt)
        let sources = try AnswerSources(
            of: answer, after: prompt, model: model, options: Self.options(.sentence, hops: true))
        let text = answer.map(\.text).joined()
        let shown = sources.text(of: text)
        let cited = sources.statements.flatMap(sources.citations)
        #expect(!cited.isEmpty)
        #expect(cited.allSatisfy { $0.source.kind == .document && $0.share.share >= AnswerSources.leastCitedShare })
        #expect(cited.allSatisfy { shown.contains("[\($0.number)") })
        #expect(shown.replacing(/\[[0-9, ]+\]/, with: "").hasPrefix(text))
    }

    @Test("a raw prompt is one source, and token ids without text are too")
    func raw() async throws {
        let model = try LanguageModel(path: Repository.model)
        let prompt = try model.prompt(text: "The cat is in the garden. The dog")
        let answer = try await Self.answer(model, prompt)
        let sources = try AnswerSources(
            of: answer, after: prompt, model: model, options: Self.options(.answer, hops: true))
        #expect(sources.sources.map(\.id) == ["prompt", "answer"])
        #expect(sources.sources[0].passages.map(\.text) == ["The cat is in the garden.", "The dog"])
        #expect(sources.statements[0].grounded == nil)
        let ids = try AnswerSources(
            of: answer, after: model.prompt(tokens: prompt.tokens), model: model,
            options: Self.options(.answer, hops: true))
        #expect(ids.statements[0].shares.map(\.share) == sources.statements[0].shares.map(\.share))
    }
}
