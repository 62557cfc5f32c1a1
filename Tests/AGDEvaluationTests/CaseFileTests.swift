import Testing

@testable import AGDEvaluation

/// Verdicts of the benchmarks' own programs, line by line.
@Suite("The scorers agree with the benchmarks' own programs", .needsSharedData)
struct CaseFileTests {
    @Test("on every IFEval checker case, strict and loose")
    func ifevalCheckerCases() throws {
        let scorer = IFEvalScorer(support: try SharedData.support.get())
        let cases = try SharedData.lines("ifeval_checker_cases.jsonl")
        #expect(cases.count == 533)
        for line in cases {
            let instruction = IFEvalInstruction(
                id: try line["instruction_id"].string(), arguments: line["kwargs"].value ?? .null)
            let verdict = try scorer.verdict(on: try line["response"].string(), for: instruction)
            let expected = IFEvalVerdict(strict: line["strict"].verdict, loose: line["loose"].verdict)
            #expect(verdict == expected, "\(line.caseName)")
        }
    }

    @Test("on every short-answer case")
    func answerMetricCases() throws {
        let cases = try SharedData.lines("qa_metric_cases.jsonl")
        #expect(cases.count == 888)
        for line in cases {
            let metric = try #require(AnswerMetric(rawValue: try line["metric"].string()))
            let score = try metric.score(try line["prediction"].string(), golds: try line["golds"].strings())
            guard case .number(let expected) = line["expected"].value else {
                throw line["expected"].unexpected("a number")
            }
            #expect(abs(score - expected) < 1e-9, "\(line.caseName)")
        }
    }

    @Test("on every SysBench case, to the ten digits they are given with")
    func sysBenchCases() throws {
        let cases = try SharedData.lines("sysbench_metric_cases.jsonl")
        #expect(cases.count == 12)
        for line in cases {
            let dialogues = try line["dialogues"].array().map { try SysBenchDialogue($0) }
            let scores = SysBenchScores(dialogues).json
            for (key, expected) in try line["expected"].members() {
                let found = numbers(in: scores[key])
                let wanted = numbers(in: expected.value)
                #expect(found.keys == wanted.keys, "\(line.caseName) \(key)")
                for (name, number) in wanted {
                    #expect(abs((found[name] ?? .nan) - number) < 1e-9, "\(line.caseName) \(key)\(name)")
                }
            }
        }
    }

    /// Every number in a value, by its path.
    private func numbers(in value: JSONValue?, path: String = "") -> [String: Double] {
        switch value {
        case .number(let number): [path: number]
        case .array(let values):
            values.enumerated().map { numbers(in: $1, path: path + "[\($0)]") }
                .reduce(into: [:]) { $0.merge($1) { first, _ in first } }
        case .object(let members):
            members.map { numbers(in: $0.value, path: path + "." + $0.key) }
                .reduce(into: [:]) { $0.merge($1) { first, _ in first } }
        default: [:]
        }
    }

    @Test("on every text: sentences, tokens, words, capitals, language")
    func textToolCases() throws {
        let support = try SharedData.support.get()
        let punkt = try #require(support.punkt)
        let cases = try SharedData.lines("text_tool_cases.jsonl")
        #expect(cases.count == 101)
        for line in cases {
            let id = try line["id"].string()
            let text = PythonText(try line["text"].string())
            #expect(punkt.sentences(of: text) == (try line["sentences"].strings().map { PythonText($0) }), "\(id)")
            let tokens = WordTokens.tokens(of: text, punkt: punkt)
            #expect(tokens == (try line["tokens"].strings().map { PythonText($0) }), "\(id)")
            try expectCounts(of: text, tokens: tokens, line, id, support)
        }
    }

    @Test("on GPT-4's published replies: verdicts, counts and languages of every second one")
    func gpt4Verdicts() throws {
        let support = try SharedData.support.get()
        let scorer = IFEvalScorer(support: support)
        let punkt = try #require(support.punkt)
        let items = try SharedData.lines("ifeval/input_data.jsonl")
        let replies = try SharedData.lines("ifeval/input_response_data_gpt4_20231107_145030.jsonl.gz")
        let verdicts = try SharedData.lines("ifeval/gpt4_verdicts.even_lines.jsonl")
        #expect(verdicts.count == 271)
        var accuracy = IFEvalAccuracy()
        for line in verdicts {
            let number = try line["line"].int()
            let item = items[number]
            let response = try replies[number]["response"].string()
            let ids = try item["instruction_id_list"].strings()
            let instructions = zip(ids, try item["kwargs"].array()).map {
                IFEvalInstruction(id: $0, arguments: $1.value ?? .null)
            }
            let found = try scorer.verdicts(on: response, for: instructions)
            let strict = try line["strict"].array().map(\.verdict)
            let loose = try line["loose"].array().map(\.verdict)
            #expect(found.map(\.strict) == strict, "line \(number): \(ids)")
            #expect(found.map(\.loose) == loose, "line \(number): \(ids)")
            let text = PythonText(response)
            let tokens = WordTokens.tokens(of: text, punkt: punkt)
            try expectCounts(of: text, tokens: tokens, line, "line \(number)", support)
            accuracy.add(found)
        }
        #expect(accuracy.promptStrict.total == 270)
        #expect(accuracy.instructionStrict.total == 425)
        #expect(accuracy.promptStrict.accuracy == 0.8)
        #expect(abs((accuracy.instructionStrict.accuracy ?? 0) - 0.858824) < 1e-6)
        #expect(abs((accuracy.promptLoose.accuracy ?? 0) - 0.825926) < 1e-6)
        #expect(abs((accuracy.instructionLoose.accuracy ?? 0) - 0.877647) < 1e-6)
    }

    private func expectCounts(
        of text: PythonText, tokens: [PythonText], _ line: JSONField, _ id: String, _ support: TextSupport
    ) throws {
        #expect(support.punkt?.sentences(of: text).count == (try line["n_sentences"].int()), "\(id)")
        #expect(text.wordRuns().count == (try line["n_words"].int()), "\(id)")
        #expect(tokens.count(where: \.isUpper) == (try line["n_capital_words"].int()), "\(id)")
        // A null language changes from run to run in the original.
        guard let language = try line["language"].optional?.string() else { return }
        #expect(
            support.languages?.detect(text) == (language == "no-features" ? .noFeatures : .language(language)), "\(id)")
    }
}
