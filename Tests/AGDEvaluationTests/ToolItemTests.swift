import AttributionGuidedDecoding
import Foundation
import Testing

@testable import AGDEvaluation
@testable import TestFixtures

@Suite("An item's tools are part of what the model reads")
struct ToolItemTests {
    private static let faults = SharedData.evals + "/../faults/inputs/eval"

    private static func item(_ path: String) throws -> EvaluationItem {
        try #require(try Benchmark.iheval.items(inFile: path).first)
    }

    private static func item(tool: String) throws -> EvaluationItem {
        let text = #"[{"id": 1, "instruction": "i", "answer": "a", "tool": \#(tool)}]"#
        let file = try TemporaryFile(text, name: "slack-user/input_data.json")
        return try withExtendedLifetime(file) { try item(file.path) }
    }

    @Test("IHEval's list of parameters becomes the JSON schema that templates read")
    func schema() throws {
        let item = try Self.item(
            tool: #"""
                {"definition": {"name": "f", "parameters": {"x": {"type": "string"}}},
                "call": {"id": "c", "name": "f", "arguments": {"x": "y"}}, "return": {"content": "z"}}
                """#)
        #expect(
            item.tools.map(\.text) == [
                #"{"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {"x": {"type": "string"}}}}}"#
            ])
        let call = ChatMessage.ToolCall(id: "c", name: "f", arguments: .object([.init("x", "y")]))
        #expect(
            item.messages == [
                .user("i"), ChatMessage(role: "assistant", content: "", toolCalls: [call]),
                ChatMessage(role: "tool", content: "z", toolCallID: "c", name: "f"),
            ])
    }

    @Test(
        "a tool without a name is an error that names the field",
        arguments: [
            (#"{"definition": {}, "call": {"name": "f"}, "return": {"content": ""}}"#, "tool.definition.name"),
            (#"{"definition": {"name": "f"}, "call": {}, "return": {"content": ""}}"#, "tool.call.name"),
            (#"{"definition": {"name": "f"}, "call": {"name": "f"}}"#, "tool.return.content"),
        ])
    func unnamed(tool: String, field: String) throws {
        let error = #expect(throws: EvaluationError.self) { try Self.item(tool: tool) }
        #expect(error?.field?.hasSuffix(field) == true, "\(error?.description ?? "")")
    }

    @Test("a model whose template has no place for tools fails the item, and says why")
    func noPlace() throws {
        let item = try Self.item(
            tool: #"{"definition": {"name": "f"}, "call": {"name": "f"}, "return": {"content": "z"}}"#)
        let model = try LanguageModel(path: Repository.model)
        let error = #expect(throws: EvaluationError.self) {
            try item.prompt(item.messages, for: model, date: RunSettings.templateDate)
        }
        #expect(error?.field == "tools" && error?.problem.contains("no place") == true)
    }

    /// Qwen 2.5 Coder 0.5B, as Tools/models.sh keeps it.
    private static let qwen: String = {
        let environment = ProcessInfo.processInfo.environment
        let cache = environment["XDG_CACHE_HOME"] ?? environment["HOME", default: ""] + "/.cache"
        return (environment["AGD_MODELS"] ?? cache + "/agd/models") + "/Qwen2.5-Coder-0.5B-Instruct.Q4_K_M.gguf"
    }()

    @Test(
        "two items that differ in their tool alone are two prompts of a model that knows tools",
        .enabled(if: FileManager.default.fileExists(atPath: qwen), "Tools/models.sh qwen0.5 brings the model"),
        .enabled(if: FileManager.default.fileExists(atPath: faults), "no items at \(faults); set AGD_SHARED"))
    func differ() throws {
        let model = try LanguageModel(path: Self.qwen)
        let prompts = try ["iheval-a", "iheval-b"].map { name in
            let item = try Self.item("\(Self.faults)/\(name)/tool-use/slack-user/conflict/x/input_data.json")
            return try #require(
                item.prompt(item.messages, for: model, date: RunSettings.templateDate).text)
        }
        #expect(prompts[0].contains("list_users") && !prompts[0].contains("something_else"))
        #expect(prompts[1].contains("something_else") && prompts[1].contains("delete_everything"))
    }
}
