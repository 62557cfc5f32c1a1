import Testing

@testable import AttributionGuidedDecoding
@testable import TestFixtures

@Suite("A reply's thoughts are told from its answer")
struct ReplySplitterTests {
    private static let harmony = ReasoningMarks(
        templateSource: "<|start|>assistant<|channel|>analysis<|message|><|end|><|channel|>final<|message|>")

    struct Case: Sendable, CustomTestStringConvertible {
        var text: String
        var thinking: String
        var answer: String
        var startsThinking = false
        var endsThinking = false
        var marks = ReasoningMarks.think
        var testDescription: String { text }
    }

    static let cases = [
        Case(text: "Just an answer. ", thinking: "", answer: "Just an answer. "),
        Case(text: "\n Answer", thinking: "", answer: "\n Answer"),
        Case(text: "<think>\nHm. \n</think>\n\nYes.", thinking: "Hm.", answer: "Yes."),
        Case(text: " <think></think>Yes.", thinking: "", answer: "Yes."),
        Case(text: "Hm.</think> Yes. ", thinking: "Hm.", answer: "Yes. ", startsThinking: true),
        Case(text: "<think>a <b> </thin </think>x", thinking: "a <b> </thin", answer: "x"),
        Case(text: "A <think>b</think>", thinking: "", answer: "A <think>b</think>"),
        Case(text: "<think>never done ", thinking: "never done", answer: "", endsThinking: true),
        Case(text: "Hm", thinking: "Hm", answer: "", startsThinking: true, endsThinking: true),
        Case(text: "<thin", thinking: "", answer: "<thin"),
        Case(text: "", thinking: "", answer: ""),
        Case(text: "<think>é漢🙂</think>é漢🙂", thinking: "é漢🙂", answer: "é漢🙂"),
        Case(
            text: "<|channel|>analysis<|message|>Hm.<|end|><|start|>assistant<|channel|>final<|message|>Yes.",
            thinking: "Hm.", answer: "Yes.", marks: harmony),
        Case(text: "<|channel|>final<|message|>Yes.", thinking: "", answer: "Yes.", marks: harmony),
        Case(
            text: "[THINK]Hm.[/THINK]Yes.", thinking: "Hm.", answer: "Yes.",
            marks: ReasoningMarks(templateSource: "[THINK] [/THINK]")),
    ]

    @Test("The same, however the text comes in", arguments: cases)
    func pieces(_ expected: Case) {
        for size in [1, 2, 3, 5, 7, 1000] {
            var splitter = ReplySplitter(expected.marks, startsThinking: expected.startsThinking)
            var (thinking, answer) = ("", "")
            var rest = Substring(expected.text)
            while !rest.isEmpty {
                let piece = splitter.append(String(rest.prefix(size)))
                rest = rest.dropFirst(size)
                thinking += piece.thinking
                answer += piece.answer
            }
            #expect(splitter.isThinking == expected.endsThinking)
            let last = splitter.finish()
            #expect(
                thinking + last.thinking == expected.thinking && answer + last.answer == expected.answer, "by \(size)")
        }
    }

    @Test("An answer is told as it comes, not at its end")
    func streams() {
        var splitter = ReplySplitter()
        #expect(splitter.append("<think>a") == .init(thinking: "a"))
        #expect(splitter.append(" b</th") == .init(thinking: " b"))
        #expect(splitter.append("ink>\n") == .init())
        #expect(splitter.append("Yes ") == .init(answer: "Yes "))
    }

    @Test("Marks that are control tokens are known, and stand in the reply's text")
    func controlTokens() throws {
        let tokenizer = try #require(LanguageModel(path: Repository.model).tokenizer)
        let opening = try #require(tokenizer.tokenize("<|im_start|>", parsesSpecialTokens: true).first)
        let closing = try #require(tokenizer.tokenize("<|pad|>", parsesSpecialTokens: true).first)
        let word = try #require(tokenizer.tokenize("a").first)
        var reader = ReplyReader(
            ReasoningMarks(opening: "<|im_start|>", closing: "<|pad|>"), startsThinking: false, tokenizer: tokenizer)
        var (text, thinking, answer) = ("", "", "")
        for (token, said) in [(opening, ""), (word, "Hm."), (closing, ""), (word, "Yes.")] {
            let step = GenerationStep(
                position: 0, entropy: 0, choice: Choice(token: token, guided: false, candidates: []),
                logProbability: 0, greedy: token, text: said, stopReason: said == "Yes." ? .maximumTokens : nil,
                stopString: nil)
            text += reader.text(of: step)
            let piece = reader.append(step)
            thinking += piece.thinking
            answer += piece.answer
        }
        #expect((text, thinking, answer) == ("<|im_start|>Hm.<|pad|>Yes.", "Hm.", "Yes."))
        #expect(!reader.isThinking)
    }

    @Test(
        "Whether the prompt has opened the thoughts",
        arguments: [
            ("<think>\n", true), ("<think>\n\n</think>\n\n", false), ("", false), ("<think>a</think>b<think>", true),
        ])
    func opened(prompt: String, isOpen: Bool) { #expect(ReasoningMarks.think.areOpen(atEndOf: prompt) == isOpen) }
}

@Suite("Messages are read as OpenAI's API and HuggingFace's data sets write them")
struct ChatMessageTests {
    private func message(_ json: String) throws -> ChatMessage { try ChatMessage(JSONValue(parsing: json)) }

    @Test("Content is a text, null beside tool calls, or parts of text")
    func content() throws {
        #expect(try message(#"{"role": "user", "content": "a"}"#) == .user("a"))
        #expect(
            try message(#"{"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}"#)
                == .user("ab"))
        let call = #"{"id": "1", "type": "function", "function": {"name": "f", "arguments": "{\"b\": 1, \"a\": 2}"}}"#
        let read = try message(#"{"role": "assistant", "content": null, "tool_calls": [\#(call)]}"#)
        #expect(read.content.isEmpty)
        #expect(
            read.toolCalls == [
                .init(id: "1", name: "f", arguments: .object([.init("b", .number(1)), .init("a", .number(2))]))
            ])
    }

    @Test(
        "What can't be read is named",
        arguments: [
            ("1", ""), ("{}", "role"), (#"{"role": "user"}"#, "content"), (#"{"role": 1, "content": ""}"#, "role"),
            (#"{"role": "user", "content": 1}"#, "content"),
            (#"{"role": "user", "content": [{"type": "image_url"}]}"#, "content[0]"),
            (#"{"role": "assistant", "tool_calls": [{}]}"#, "tool_calls[0].function.name"),
        ])
    func errors(json: String, field: String) throws {
        let error = try #require(throws: ChatMessageError.self) { try message(json) }
        #expect(error.field == field)
    }
}
