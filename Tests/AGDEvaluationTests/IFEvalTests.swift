import Testing

@testable import AGDEvaluation

@Suite("IFEval's instructions")
struct IFEvalTests {
    private let scorer = IFEvalScorer(support: .none)

    private func verdict(_ id: String, _ arguments: String, _ reply: String) throws -> IFEvalVerdict {
        try scorer.verdict(on: reply, for: IFEvalInstruction(id: id, arguments: try JSONParser.parse(arguments)))
    }

    /// One set of arguments for each checker that needs no table.
    private static let examples: [(id: String, arguments: String)] = [
        ("keywords:existence", #"{"keywords": ["hello"]}"#),
        ("keywords:frequency", #"{"keyword": "a", "frequency": 2, "relation": "at least"}"#),
        ("keywords:forbidden_words", #"{"forbidden_words": ["the"]}"#),
        ("keywords:letter_frequency", #"{"letter": "l", "let_frequency": 3, "let_relation": "less than"}"#),
        ("length_constraints:number_paragraphs", #"{"num_paragraphs": 2}"#),
        ("length_constraints:number_words", #"{"num_words": 5, "relation": "less than"}"#),
        (
            "length_constraints:nth_paragraph_first_word",
            #"{"num_paragraphs": 2, "nth_paragraph": 1, "first_word": "hello"}"#
        ),
        ("detectable_content:number_placeholders", #"{"num_placeholders": 1}"#),
        ("detectable_content:postscript", #"{"postscript_marker": "P.S."}"#),
        ("detectable_format:number_bullet_lists", #"{"num_bullets": 1}"#),
        ("detectable_format:constrained_response", "{}"),
        ("detectable_format:number_highlighted_sections", #"{"num_highlights": 1}"#),
        ("detectable_format:multiple_sections", #"{"section_spliter": "Section", "num_sections": 1}"#),
        ("detectable_format:json_format", "{}"),
        ("detectable_format:title", "{}"),
        ("combination:two_responses", "{}"),
        ("combination:repeat_prompt", #"{"prompt_to_repeat": "Hello"}"#),
        ("startend:end_checker", #"{"end_phrase": "World"}"#),
        ("startend:quotation", "{}"),
        ("punctuation:no_comma", "{}"),
    ]

    private static let needTables: [(id: String, arguments: String)] = [
        ("length_constraints:number_sentences", #"{"num_sentences": 1, "relation": "at least"}"#),
        ("change_case:capital_word_frequency", #"{"capital_frequency": 1, "capital_relation": "at least"}"#),
        ("language:response_language", #"{"language": "en"}"#),
        ("change_case:english_capital", "{}"),
        ("change_case:english_lowercase", "{}"),
    ]

    @Test("there are 25 of them")
    func count() {
        let tested = Self.examples + Self.needTables
        #expect(Set(tested.map(\.id)) == Set(IFEvalCheckers.makers.keys))
        #expect(tested.count == 25)
    }

    @Test("loose is never stricter than strict, and a blank reply follows nothing", arguments: examples)
    func looseAndBlank(id: String, arguments: String) throws {
        var random = RandomTexts(seed: 3)
        for _ in 0..<100 {
            let found = try verdict(id, arguments, random.text(upTo: 15).description)
            #expect(found.strict != true || found.loose == true)
            #expect(found.strict != nil && found.loose != nil)
        }
        #expect(try verdict(id, arguments, " \n\u{A0}") == IFEvalVerdict(strict: false, loose: false))
    }

    @Test("without its table an instruction is unscored, not guessed", arguments: needTables)
    func unscored(id: String, arguments: String) throws {
        #expect(try verdict(id, arguments, "HELLO there.") == IFEvalVerdict(strict: nil, loose: nil))
    }

    @Test("what the official checkers decide at random is unscored")
    func random() throws {
        let unscored = IFEvalVerdict(strict: nil, loose: nil)
        let letter = #"{"letter": "!", "let_frequency": 1, "let_relation": "at least"}"#
        #expect(try verdict("keywords:letter_frequency", letter, "Hello!") == unscored)
        let paragraph = #"{"num_paragraphs": 1, "nth_paragraph": 2, "first_word": "a"}"#
        #expect(try verdict("length_constraints:nth_paragraph_first_word", paragraph, "a\n\na") == unscored)
    }

    @Test("a preamble and asterisks are forgiven loosely")
    func loose() throws {
        let reply = "Sure, here it is:\n\"**Hello** there\""
        #expect(try verdict("startend:quotation", "{}", reply) == IFEvalVerdict(strict: false, loose: true))
    }

    @Test(
        "a wrong argument is an error that names it",
        arguments: [
            ("keywords:existence", "{}", "kwargs.keywords"),
            ("keywords:existence", #"{"keywords": ["C++"]}"#, "kwargs.keywords[0]"),
            ("length_constraints:number_words", #"{"num_words": 5, "relation": "about"}"#, "kwargs.relation"),
            ("length_constraints:number_words", #"{"num_words": 2.5, "relation": "at least"}"#, "kwargs.num_words"),
            ("detectable_format:number_bullet_lists", #"{"num_bullets": -1}"#, "kwargs.num_bullets"),
            ("detectable_content:number_placeholders", #"{"num_placeholders": null}"#, "kwargs.num_placeholders"),
            ("punctuation:no_semicolon", "{}", "instruction_id"),
            ("punctuation:no_comma", "[]", "kwargs"),
        ])
    func wrongArguments(id: String, arguments: String, field: String) {
        let error = #expect(throws: EvaluationError.self) { try verdict(id, arguments, "Hello") }
        #expect(error?.field == field)
    }

    @Test("an item passes when all its instructions do, and is left out when one is unscored")
    func accuracy() {
        let pass = IFEvalVerdict(strict: true, loose: true)
        let almost = IFEvalVerdict(strict: false, loose: true)
        var accuracy = IFEvalAccuracy()
        accuracy.add([pass, pass])
        accuracy.add([pass, almost])
        accuracy.add([pass, IFEvalVerdict(strict: nil, loose: nil)])
        #expect(accuracy.promptStrict.accuracy == 0.5)
        #expect(accuracy.promptLoose.accuracy == 1)
        #expect(accuracy.instructionStrict.accuracy == 0.75)
        #expect(accuracy.instructionLoose.accuracy == 1)
        #expect(accuracy.unscoredItems == 1)
        #expect(accuracy.mean == (0.5 + 1 + 0.75 + 1) / 4)
    }
}

@Suite("Sentences, tokens and languages", .needsSharedData)
struct TextToolTests {
    @Test("sentences and tokens lose nothing but white space")
    func nothingIsLost() throws {
        let punkt = try #require(try SharedData.support.get().punkt)
        var random = RandomTexts(seed: 4)
        for _ in 0..<200 {
            let text = random.text(upTo: 30)
            let sentences = punkt.sentences(of: text)
            #expect(sentences.allSatisfy { !$0.isEmpty })
            let kept = PythonText(PythonText(sentences.joined()).words().joined())
            #expect(kept == PythonText(text.words().joined()))
        }
    }

    @Test("one text has one language")
    func deterministic() throws {
        let languages = try #require(try SharedData.support.get().languages)
        let text = PythonText("K. lemme can't. wanna item end WORLD")
        #expect(Set((0..<5).map { _ in "\(languages.detect(text))" }).count == 1)
    }
}
