import Foundation
import Testing

@testable import AttributionGuidedDecoding
@testable import TestFixtures

@Suite("Calls of tools are read by the template's own way of writing them")
struct ToolCallTests {
    private static let turns = """
        {%- for message in messages %}{{- '<|' + message.role + '|>' + message.content }}
        {%- if message.tool_calls %}CALLS{% endif %}{{- '<|end|>\\n' }}{% endfor %}
        {%- if add_generation_prompt %}{{- '<|assistant|>' }}{% endif %}
        """

    /// Ways of writing calls that models were trained on.
    static let ways: [String: String] = [
        "hermes": """
        {%- for call in message.tool_calls %}{{- '\\n<tool_call>\\n{"name": "' + call.function.name + '", "arguments": ' }}{{- call.function.arguments | tojson }}{{- '}\\n</tool_call>' }}{% endfor %}
        """,
        "list": """
        {{- '[TOOL_CALLS][' }}{%- for call in message.tool_calls %}{{- '{"name": "' + call.function.name + '", "arguments": ' }}{{- call.function.arguments | tojson }}{{- ', "id": "' + call.id + '"}' }}{%- if not loop.last %}{{- ', ' }}{% endif %}{% endfor %}{{- ']' }}
        """,
        "bare": """
        {{- '{"name": "' + message.tool_calls[0].function.name + '", "parameters": ' }}{{- message.tool_calls[0].function.arguments | tojson }}{{- '}' }}
        """,
        "marked": """
        {%- for call in message.tool_calls %}{{- '[TOOL_CALLS]' + call.function.name + '[ARGS]' }}{{- call.function.arguments | tojson }}{% endfor %}
        """,
        "xml": """
        {%- for call in message.tool_calls %}{{- '<function=' + call.function.name + '>' }}{%- for key, value in call.function.arguments|items %}{{- '<parameter=' + key + '>' + value + '</parameter>' }}{% endfor %}{{- '</function>' }}{% endfor %}
        """,
    ]

    private static func format(_ way: String) throws -> ToolCallFormat? {
        ToolCallFormat(
            try ChatTemplate(source: turns.replacing("CALLS", with: ways[way] ?? "")), options: TemplateOptions())
    }

    private static let weather = ChatMessage.ToolCall(
        name: "weather", arguments: .object([.init("city", "Graz {\"x\"}"), .init("days", 2)]))
    private static let time = ChatMessage.ToolCall(name: "time", arguments: .object([]))

    private static func read(_ text: String, _ format: ToolCallFormat, every size: Int) -> ToolCallReader.Piece {
        var reader = ToolCallReader(format)
        var all = ToolCallReader.Piece()
        let scalars = Array(text.unicodeScalars)
        for start in stride(from: 0, to: scalars.count, by: size) {
            let piece = reader.append(
                String(String.UnicodeScalarView(scalars[start..<min(scalars.count, start + size)])))
            all.text += piece.text
            all.calls += piece.calls
        }
        all.text += reader.finish().text
        return all
    }

    @Test(
        "A call is told from the text before it, however the answer is divided and spaced",
        arguments: [
            ("hermes", "Let me see.\n<tool_call>\n{\"name\": \"weather\", \"arguments\": ARGS}\n</tool_call>"),
            ("hermes", "Let me see.<tool_call>{\"name\":\"weather\",\"arguments\":ARGS}</tool_call>\n"),
            ("hermes", "Let me see.\n<tool_call>\n{\"name\": \"weather\", \"arguments\": ARGS"),
            ("list", "Let me see.[TOOL_CALLS] [{\"name\": \"weather\", \"arguments\": ARGS}]"),
            ("bare", "Let me see. { \"name\": \"weather\", \"parameters\": ARGS }"),
            ("marked", "Let me see.[TOOL_CALLS]weather[ARGS]ARGUMENTS"),
        ] as [(name: String, text: String)], [1, 2, 7, 1000])
    func call(way: (name: String, text: String), size: Int) throws {
        let format = try #require(try Self.format(way.name))
        let arguments = Self.weather.arguments.text
        let text =
            way.name == "marked"
            ? way.text.replacing("ARGUMENTS", with: arguments) : way.text.replacing("ARGS", with: arguments)
        let piece = Self.read(text, format, every: size)
        #expect(piece.calls == [Self.weather])
        #expect(piece.text.trimmingSuffix { $0.isWhitespace } == "Let me see.", "\(piece.text)")
    }

    @Test("Several calls are read one after the other", arguments: ["hermes", "list", "marked"])
    func several(way: String) throws {
        let format = try #require(try Self.format(way))
        let template = try ChatTemplate(source: Self.turns.replacing("CALLS", with: Self.ways[way] ?? ""))
        var calls = [Self.weather, Self.time]
        for index in calls.indices { calls[index].id = "call0000\(index)" }
        let rendered = try template.render([
            .user("q"), ChatMessage(role: "assistant", content: "", toolCalls: calls),
        ]).text
        let answer = rendered.components(separatedBy: "<|assistant|>")[1].replacing("<|end|>", with: "")
        let piece = Self.read(answer, format, every: 3)
        #expect(
            piece.calls == [Self.weather, Self.time] && piece.text.allSatisfy(\.isWhitespace), "\(answer) \(piece)")
    }

    @Test(
        "What is no call stays text, every byte of it",
        arguments: [
            "No call.", "a < b", "<tool_call>", "<tool_call>{\"name\": \"x\"}</tool_call>",
            "<tool_call> no JSON at all",
            "<tool_call>{\"name\": \"x\", \"arguments\": [1]}", "<tool_call>{\"name\": \"x\", \"arguments\": {broken}}",
            "Write <tool_call> around it. Ä🙂",
        ], [1, 5, 1000])
    func text(text: String, size: Int) throws {
        let format = try #require(try Self.format("hermes"))
        #expect(Self.read(text, format, every: size) == ToolCallReader.Piece(text: text))
    }

    @Test("A template that writes arguments otherwise than as JSON, or no calls, has no format")
    func none() throws {
        #expect(try Self.format("xml") == nil)
        #expect(
            ToolCallFormat(
                try ChatTemplate(source: "{% for m in messages %}{{ m.content }}{% endfor %}"), options: .init()) == nil
        )
    }

    /// Templates that llama.cpp carries; Tools/dependencies.sh brings them.
    private static let folder = Repository.root.appending(path: ".deps/source/models/templates").path
    private static let templates: [String] = {
        do {
            return try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".jinja") }
                .sorted()
        } catch { return [] }
    }()
    /// Those whose calls have to be read: of each way of writing one.
    private static let known: Set = [
        "Qwen-Qwen2.5-7B-Instruct.jinja", "Qwen-Qwen3-0.6B.jinja", "meta-llama-Llama-3.2-3B-Instruct.jinja",
        "meta-llama-Llama-3.1-8B-Instruct.jinja", "mistralai-Mistral-Nemo-Instruct-2407.jinja",
        "NousResearch-Hermes-3-Llama-3.1-8B-tool_use.jinja", "ibm-granite-granite-4.0.jinja",
        "unsloth-mistral-Devstral-Small-2507.jinja",
    ]

    @Test("What a real template writes is read again", arguments: templates)
    func real(name: String) throws {
        let source = try String(contentsOfFile: "\(Self.folder)/\(name)", encoding: .utf8)
        let template = try ChatTemplate(source: source, beginning: "<BOS>", end: "<EOS>")
        let tool: JSONValue = [
            "type": "function",
            "function": ["name": "weather", "description": "x", "parameters": ["type": "object", "properties": [:]]],
        ]
        let options = TemplateOptions(tools: [tool])
        let format = ToolCallFormat(template, options: options)
        #expect(format != nil || !Self.known.contains(name))
        guard let format else { return }
        var call = Self.weather
        call.id = "call00000"
        var silent = options
        silent.opensAnswer = false
        let before = try template.render([.user("q")], options).text
        let rendered = try template.render(
            [.user("q"), ChatMessage(role: "assistant", content: "", toolCalls: [call])], silent
        ).text
        let answer = String(rendered.dropFirst(ToolCallFormat.beginning(of: before, in: rendered).count))
        #expect(Self.read(answer, format, every: 5).calls == [Self.weather], "\(format) \(answer)")
    }

    @Test(
        "A call that is asked for is one of the tools, with arguments that its schema accepts",
        arguments: ["hermes", "list", "bare"])
    func required(way: String) async throws {
        let model = try LanguageModel(path: Repository.model)
        let format = try #require(try Self.format(way))
        let tools: [JSONValue] = ["weather", "time"].map { name in
            [
                "type": "function",
                "function": [
                    "name": .string(name),
                    "parameters": [
                        "type": "object", "properties": ["city": ["enum": ["Graz", "Rome"]]], "required": ["city"],
                    ],
                ],
            ]
        }
        let prompt = try model.prompt([.user("What is the weather in Graz?")])
        let generation = try model.generate(
            prompt, strategy: Greedy(), limits: .init(maximumTokens: 200),
            constraints: .init(grammar: Grammar(calling: tools, format: format)))
        var text = ""
        for try await step in generation { text += step.text }
        let piece = Self.read(text, format, every: 4)
        #expect(piece.calls.count == 1 && piece.text.isEmpty, "\(text)")
        #expect(["weather", "time"].contains(piece.calls.first?.name))
        #expect(["Graz", "Rome"].contains(piece.calls.first?.arguments["city"]?.string))
    }
}
