import Foundation
import Testing

@testable import TestFixtures

@Suite("The chat template is told what the command line says")
struct ChatTemplateCommandTests {
    /// What the template made of the conversation, as `--show-roi` shows it.
    private func shown(_ template: String, _ arguments: String...) async throws -> String {
        let file = try TemporaryFile(template, name: "template.jinja")
        let result = try await Command.run(
            [
                "generate", "-m", CommandLineTests.model, "-t", "1", "-n", "0", "--show-roi", "--chat-template-file",
                file.path,
            ] + arguments)
        #expect(result.status == 0, "\(result.standardError)")
        return result.standardError.replacing("|", with: "")
    }

    @Test("A prefilled answer, an option, a date and tools")
    func options() async throws {
        let template = """
            {{ style }} {{ strftime_now('%Y/%m/%d') }} {{ tools[0].name if tools }}
            {% for m in messages %}{{ m.role + ': ' + m.content + '.' }}{% endfor %}
            {{ 'open' if add_generation_prompt }}
            """
        let tools = try TemporaryFile(#"[{"name": "clock"}]"#, name: "tools.json")
        let text = try await shown(
            template, "--user", "Hi", "--prefill", "- Well", "--template-option", #"style="terse""#, "--template-date",
            "2020-02-29", "--tools", tools.path)
        #expect(text.contains("terse 2020/02/29 clock"))
        #expect(text.contains("assistant: - Well") && !text.contains("- Well.") && !text.contains("open"))
    }

    @Test("A conversation in a file: parts of text, a byte-order mark, tool calls and their results")
    func conversation() async throws {
        let file = try TemporaryFile(
            "\u{FEFF}" + #"""
                {"tools": [{"name": "clock"}], "messages": [
                {"role": "user", "content": [{"type": "text", "text": "What "}, {"type": "text", "text": "time?"}]},
                {"role": "assistant", "content": null, "tool_calls": [{"function": {"name": "clock", "arguments": "{\"zone\": 1}"}}]},
                {"role": "tool", "content": "noon"}]}
                """#, name: "chat.json")
        let template =
            "{{ tools[0].name }}{% for m in messages %}{{ m.content }}{{ m.tool_calls[0].function.arguments | tojson if m.tool_calls }}{% endfor %}"
        let text = try await shown(template, "--messages", file.path, "--roi", "tool")
        #expect(text.contains(#"What time?{"zone": 1}"#))
        #expect(text.contains("⟦"))
    }

    @Test("What the template says of its own accord is shown, and is a region")
    func ownText() async throws {
        let text = try await shown("Be brief today. {{ messages[0].content }}", "--user", "Hi", "--roi", "template")
        #expect(text.contains("the template says: Be brief today."))
    }

    @Test("agd info says what the template does, and prints it")
    func info() async throws {
        var model = GGUFWriter.model()
        let template =
            "Be kind. {% for m in messages %}{{ m.role + m.content }}{% endfor %}{{ tools | tojson if tools }}"
        model["tokenizer.chat_template"] = .string(template)
        let file = try TemporaryFile(model.serialized().file, name: "model.gguf")
        let described = try await Command.run(["info", file.path]).standardOutput
        #expect(described.contains("messages, system messages, tools") && described.contains("Be kind."))
        #expect(try await Command.run(["info", file.path, "--chat-template"]).standardOutput == template)
    }

    @Test("BOS begins a prompt once, be it written by hand or by the template")
    func writtenBOS() async throws {
        var model = GGUFWriter.model("llama", .sentencePiece)
        model["tokenizer.chat_template"] = .string("{{ bos_token + messages[0].content }}")
        let file = try TemporaryFile(model.serialized().file, name: "model.gguf")
        for (prompt, isTold) in [(["-p", "<s>x"], true), (["-p", "x"], false), (["--user", "x"], false)] {
            let result = try await Command.run(["generate", "-m", file.path, "-t", "1", "-n", "1", "--json"] + prompt)
            let json = try JSONSerialization.jsonObject(with: Data(result.standardOutput.utf8)) as? [String: Any]
            let tokens = try #require(json?["prompt_tokens"] as? [Int])
            #expect(tokens.first == 0 && tokens.dropFirst().allSatisfy { $0 != 0 }, "\(prompt): \(tokens)")
            #expect(result.standardError.contains("isn't added again") == isTold)
        }
    }
}
