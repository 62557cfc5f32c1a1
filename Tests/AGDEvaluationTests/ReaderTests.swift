import AttributionGuidedDecoding
import Foundation
import Testing

@testable import AGDEvaluation
@testable import TestFixtures

@Suite("Files are read plain or gzipped")
struct InputFileTests {
    private func lines(_ file: TemporaryFile) throws -> [String] {
        let input = try InputFile(path: file.path)
        var lines: [String] = []
        while let line = try input.nextLine() { lines.append(String(decoding: line, as: UTF8.self)) }
        return lines
    }

    @Test("line by line, with the last newline or without")
    func lineByLine() throws {
        #expect(try lines(TemporaryFile("a\n\nb")) == ["a", "", "b"])
        #expect(try lines(TemporaryFile("a\r\nb\n")) == ["a\r", "b"])
        #expect(try lines(TemporaryFile("")) == [])
        let long = String(repeating: "é", count: 100_000)
        #expect(try lines(TemporaryFile(gzipped: long + "\nx\n")) == [long, "x"])
    }

    @Test("a file that was cut short is an error, not its end")
    func cutShort() throws {
        var generator = SeededGenerator(seed: 8)
        let text = (0..<20_000).map { _ in String(UInt32.random(in: 0...UInt32.max, using: &generator)) }.joined()
        let file = try TemporaryFile(gzipped: text, keeping: 0.5)
        let error = #expect(throws: EvaluationError.self) { try InputFile(path: file.path).readAll() }
        #expect(error?.file == file.path)
    }

    @Test("a missing file and a folder are errors that name it")
    func missing() {
        let missing = #expect(throws: EvaluationError.self) { try InputFile(path: "/no/such/file") }
        #expect(missing?.description == "/no/such/file: cannot be opened; give the path of a readable file")
        let folder = #expect(throws: EvaluationError.self) { try InputFile(path: "/") }
        #expect(folder?.problem == "is a folder")
    }
}

@Suite("Data files as people have them")
struct DataFileKindTests {
    @Test(
        "are told by what they are where they are no JSON",
        arguments: [
            ("version https://git-lfs.github.com/spec/v1\noid sha256:aa\n", "Git LFS"),
            ("<!DOCTYPE html>\n<html>", "web page"),
            ("PAR1\u{15}", "Parquet"), ("PK\u{3}\u{4}", "ZIP"),
        ], [Benchmark.nqOpen, .ifeval])
    func otherKinds(contents: (text: String, kind: String), benchmark: Benchmark) throws {
        let file = try TemporaryFile(contents.text)
        let error = #expect(throws: EvaluationError.self) { try benchmark.items(inFile: file.path) }
        #expect(error?.problem.contains(contents.kind) ?? false && error?.file == file.path)
    }

    @Test(
        "may be arrays where others are lines",
        arguments: [
            (
                Benchmark.nqSwap,
                #"{"question": "q", "org_context": "a", "org_answer": ["a"], "sub_context": "c", "sub_answer": ["c"]}"#,
                4
            ),
            (
                .ifeval, #"{"key": 1, "prompt": "p", "instruction_id_list": ["punctuation:no_comma"], "kwargs": [{}]}"#,
                2
            ),
        ])
    func arrays(benchmark: Benchmark, item: String, count: Int) throws {
        let file = try TemporaryFile("[\(item),\n\(item)]")
        #expect(try benchmark.items(inFile: file.path).count == count)
    }

    @Test("of TriviaQA may have an answer without further names")
    func noAliases() throws {
        let file = try TemporaryFile(#"{"question": "q", "answer": {"aliases": [], "value": "a"}}"#)
        #expect(try Benchmark.triviaqa.items(inFile: file.path).count == 1)
    }
}

@Suite("Benchmarks are read from their official files", .needsSharedData)
struct OfficialFileTests {
    private func items(_ benchmark: Benchmark, _ name: String) throws -> [EvaluationItem] {
        try benchmark.items(inFile: SharedData.evals + "/" + name)
    }

    @Test(
        "with as many items as they hold",
        arguments: [
            (Benchmark.ifeval, "ifeval/input_data.jsonl", 541),
            (.sysbench, "sysbench/synthetic_dialogues.json", 3),
            (.nqOpen, "qa/nq_open/NQ-open.dev.jsonl.gz", 3610),
            (.nqOpen, "qa/nq_open/nq-open-oracle.jsonl.gz", 2655),
            (.nqSwap, "qa/nq_swap/nq_swap_dev.first500.jsonl.gz", 1000),
            (.triviaqa, "qa/triviaqa/triviaqa_sample.json", 1),
            (.triviaqa, "qa/triviaqa/triviaqa_unfiltered_dev_sample1000.flashrag.jsonl.gz", 1000),
            (.hotpotqa, "qa/hotpotqa/hotpot_dev_distractor_sample100.json.gz", 100),
            (.hotpotqa, "qa/hotpotqa/hotpotqa_train_sample100.json.gz", 100),
            (.hotpotqa, "qa/hotpotqa/hotpot_dev_v1_simplified.json.gz", 7405),
        ])
    func counts(benchmark: Benchmark, name: String, count: Int) throws {
        let items = try items(benchmark, name)
        #expect(items.count == count)
        #expect(Set(items.map { $0.setting + "/" + $0.id }).count == count)
        #expect(items.allSatisfy { !$0.messages.isEmpty })
    }

    @Test("every IHEval file gives the items of its setting, with the system message as region")
    func iheval() throws {
        let root = SharedData.evals + "/iheval/benchmark/"
        let files = try FileManager.default.subpathsOfDirectory(atPath: root).filter {
            $0.hasSuffix("input_data.json.gz")
        }
        #expect(files.count == 28)
        for file in files {
            let items = try Benchmark.iheval.items(inFile: root + file)
            #expect([541, 252, 250, 240, 100].contains(items.count), "\(file)")
            let isReference = file.contains("/reference/")
            let region = isReference ? "message:\(items[0].messages.count - 1)" : "system"
            #expect(items.allSatisfy { $0.region.map(\.description) == [region] }, "\(file)")
            #expect((items[0].messages[0].role == "system") == !isReference, "\(file)")
            #expect(file.hasSuffix(items[0].setting + "/input_data.json.gz"), "\(file)")
        }
    }

    @Test("IHEval's conversations carry their history and their tool")
    func conversations() throws {
        let root = "iheval/benchmark/"
        let turns = try items(
            .iheval,
            root + "rule-following/multi-turn/conflict/both-turn-conflict-default-system-prompt/input_data.json.gz")
        #expect(turns[0].messages.map(\.role) == ["system", "user", "assistant", "user"])
        let tools = try items(.iheval, root + "tool-use/slack-user/aligned/default/input_data.json.gz")
        #expect(tools[0].messages.map(\.role) == ["system", "user", "assistant", "tool"])
        #expect(tools[0].messages[2].toolCalls.first?.name == "get_users_in_channel")
        #expect(tools[0].tools.count == 1)
        #expect(tools[0].scoring == .singleWord("Jack"))
    }

    @Test("a region of text occurs in the conversation")
    func regions() throws {
        for item in try items(.hotpotqa, "qa/hotpotqa/hotpot_dev_distractor_sample100.json.gz") {
            #expect(item.region.count >= 2)
            for region in item.region {
                guard case .text(let text, in: nil) = region.target else {
                    Issue.record("\(region)")
                    continue
                }
                #expect(PythonText(item.messages[0].content).contains(PythonText(text)))
            }
        }
    }

    @Test("a swapped passage comes with its own answer")
    func swapped() throws {
        let items = try items(.nqSwap, "qa/nq_swap/nq_swap_dev.first500.jsonl.gz")
        #expect(items.prefix(2).map(\.setting) == ["original", "swapped"])
        #expect(items[0].scoring == .answers(["23"]) && items[1].scoring == .answers(["775"]))
    }

    @Test("SysBench's dialogues ask five times and are judged by numbered criteria")
    func sysbench() throws {
        let item = try items(.sysbench, "sysbench/synthetic_dialogues.json")[0]
        #expect(item.messages.map(\.role) == ["system", "user"] && item.followUps.count == 4)
        guard case .judged(let turns) = item.scoring else { Issue.record("not judged"); return }
        #expect(turns.map(\.criteria.count).first == 3)
        #expect(turns[0].criteria.map(\.type) == ["format", "content", "action"])
        #expect(!turns[1].isAligned)
    }
}

@Suite("Benchmark lines")
struct BenchmarkLineTests {
    private let line = """
        {"id": 7, "setting": "forbidden word", "messages": [{"role": "system", "content": "Never say harbour."}, \
        {"role": "user", "content": "Where do ships sleep?"}], "region": ["system", "message:1"], \
        "opposite_region": ["text:\\"ships\\""], "checks": [{"kind": "excludes", "values": ["harbour"]}]}
        """

    @Test("a Microcosm line becomes an item that its own checks score")
    func microcosm() throws {
        let file = try TemporaryFile(line + "\n")
        let item = try Benchmark.microcosm.items(inFile: file.path)[0]
        #expect(item.id == "7" && item.setting == "forbidden word")
        #expect(
            item.region.map(\.description) == ["system", "message:1"]
                && item.oppositeRegion.map(\.description) == ["text:\"ships\""])
        let scorer = ReplyScorer(support: .none)
        #expect(try scorer.scores(of: "In a bay.", by: item.scoring) == ["correct": 1])
        #expect(try scorer.scores(of: "In the Harbour.", by: item.scoring) == ["correct": 0])
    }

    @Test(
        "a wrong line is an error that names line and field",
        arguments: [
            ("\"excludes\"", "\"forbids\"", "checks[0].kind"), ("[\"harbour\"]", "[]", "checks[0].values"),
            ("\"user\"", "\"human\"", "messages[1].role"), ("\"region\"", "\"roi\"", "region"), ("7", "null", "id"),
        ])
    func wrongLines(good: String, bad: String, field: String) throws {
        let file = try TemporaryFile(line + "\n\n" + line.replacing(good, with: bad))
        let error = #expect(throws: EvaluationError.self) { try Benchmark.microcosm.items(inFile: file.path) }
        #expect(error?.line == 3 && error?.field == field && error?.file == file.path)
    }

    @Test("every reader refuses an empty file and a file of something else", arguments: Benchmark.allCases)
    func foreignFiles(benchmark: Benchmark) throws {
        for text in ["", "[]", "{\"a\": 1}", "[1]", "not JSON", "\"x\""] {
            let file = try TemporaryFile(text, name: "slack-user/input_data.json")
            let error = #expect(throws: EvaluationError.self) { try benchmark.items(inFile: file.path) }
            #expect(error?.file == file.path)
        }
    }

    @Test("TriviaQA's two layouts are told apart, and a broken first line is named in either")
    func triviaQALayouts() throws {
        let question = #"{"QuestionId": "q", "Question": "Who?", "Answer": {"Aliases": ["x"]}}"#
        for official in ["{\"Data\": [\(question)]}", "\n{\n\"Data\": [\n\(question)\n]\n}"] {
            let file = try TemporaryFile(official)
            #expect(try Benchmark.triviaqa.items(inFile: file.path).map(\.id) == ["q"])
        }
        let line = #"{"id": "l", "question": "Who?", "golden_answers": ["x"]}"#
        let lines = try TemporaryFile("\n\(line)\n")
        #expect(try Benchmark.triviaqa.items(inFile: lines.path).map(\.id) == ["l"])
        for broken in [#"{"id": "l", "question": "Wh"#, "\(line)}", "nonsense"] {
            let file = try TemporaryFile("\n\(broken)\n\(line)\n")
            let error = #expect(throws: EvaluationError.self) { try Benchmark.triviaqa.items(inFile: file.path) }
            #expect(error?.file == file.path && error?.line == 2, "\(broken)")
        }
    }

    @Test(
        "a CSV field's quotes come off a question",
        arguments: [
            ("\"Who said \"\"x\"\"?\"", "Who said \"x\"?"), ("\"Who?\"", "\"Who?\""),
            ("Who \"\"x\"\"?", "Who \"\"x\"\"?"),
            ("\"a\" or \"\"b\"", "\"a\" or \"\"b\""), ("\"", "\""),
        ])
    func csvQuotes(question: String, unquoted: String) {
        #expect(QuestionReader.unquoted(question) == unquoted)
    }

    @Test(
        "questions are read as HuggingFace and FlashRAG hand them out, with passages where there are some",
        arguments: [
            // HotpotQA: HuggingFace's columns, FlashRAG's metadata.
            (
                Benchmark.hotpotqa,
                #"{"id": "h", "question": "Who?", "answer": "x", "context": {"title": ["T", "U"], "sentences": [["a.", " b."], ["c."]]}}"#,
                ["Document 1 (T): a. b.", "Document 2 (U): c."]
            ),
            (
                .hotpotqa,
                #"{"id": "h", "question": "Who?", "golden_answers": ["x"], "metadata": {"context": {"title": ["T"], "content": [["a.", " b."]]}}}"#,
                ["Document 1 (T): a. b."]
            ),
            (
                .hotpotqa, #"{"id": "h", "question": "Who?", "golden_answers": ["x"], "metadata": {"type": "bridge"}}"#,
                []
            ),
            // NQ: SQuAD's columns with a passage, FlashRAG, nq_open.
            (
                .nqOpen,
                #"{"id": "h", "question": "Who?", "context": "a. b.", "answers": {"text": ["x"], "answer_start": [0]}}"#,
                ["Document 1: a. b."]
            ),
            (.nqOpen, #"{"id": "h", "question": "Who?", "golden_answers": ["x"], "metadata": {}}"#, []),
            (.nqOpen, #"{"id": "h", "question": "Who?", "answer": ["x"]}"#, []),
            // TriviaQA: HuggingFace's nested answer; the evidence is left out.
            (
                .triviaqa,
                #"{"question_id": "h", "question": "Who?", "entity_pages": {"title": []}, "answer": {"value": "x", "aliases": ["x"]}}"#,
                []
            ),
        ] as [(Benchmark, String, [String])])
    func layouts(benchmark: Benchmark, line: String, documents: [String]) throws {
        for text in [line + "\n", "\u{FEFF}" + line, "[" + line + "]", "\u{FEFF}[\n" + line + "\n]"] {
            let file = try TemporaryFile(text)
            let items = try benchmark.items(inFile: file.path)
            #expect(items.map(\.id) == ["h"])
            #expect(items.map(\.scoring) == [.answers(["x"])])
            #expect(items.map(\.setting) == [documents.isEmpty ? "closed-book" : "open-book"])
            for document in documents { #expect(items[0].messages[0].content.contains(document + "\n")) }
        }
    }

    @Test(
        "columns that don't fit together, and questions without an answer, are errors that name the field",
        arguments: [
            (#"{"question": "Who?", "answer": "x", "context": {"title": ["T"], "sentences": []}}"#, "context"),
            (#"{"question": "Who?", "answers": {"text": []}}"#, "answers.text"),
            (#"{"question": "Who?", "answers": {"answer_start": [0]}}"#, "answers.text"),
            (#"{"question": "Who?"}"#, "answer"),
        ])
    func brokenLayouts(line: String, field: String) throws {
        let file = try TemporaryFile(line)
        let error = #expect(throws: EvaluationError.self) { try Benchmark.hotpotqa.items(inFile: file.path) }
        #expect(error?.field == field && error?.file == file.path)
    }
}
