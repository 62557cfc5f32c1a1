import AttributionGuidedDecoding
import Foundation
import Hummingbird
import Testing

@testable import AGDServer

@Suite("Values that mean nothing", .enabled(if: TestServer.modelPath != nil, "Models/microcosm.gguf is absent"))
struct NeutralValueTests {
    private static let chat: [(String, JSONValue)] = [
        ("frequency_penalty", 0), ("presence_penalty", 0.0), ("repetition_penalty", 1), ("logit_bias", [:]),
        ("response_format", ["type": "text"]), ("seed", -1), ("max_completion_tokens", -1), ("top_k", -1), ("n", 1),
        ("tools", []),
        ("tool_choice", "auto"), ("functions", []), ("stream_options", ["include_usage": true]), ("user", "somebody"),
        ("store", false), ("metadata", ["a": "b"]), ("stop", []), ("stop", ""), ("stop", [""]), ("logprobs", false),
        ("top_logprobs", 0), ("modalities", ["text"]), ("service_tier", "auto"), ("temperature", 0), ("top_p", 1),
        ("stream", false), ("parallel_tool_calls", true), ("agd", [:]), ("verbosity", "medium"), ("min_tokens", 0),
        ("dry_multiplier", 0), ("xtc_probability", 0), ("stop_token_ids", []), ("use_beam_search", false),
    ]

    @Test("A field that asks for nothing changes nothing", arguments: chat)
    func request(field: String, value: JSONValue) async throws {
        let server = try await TestServer()
        let plain = try await server.post("/v1/chat/completions", ["messages": conflict, "max_tokens": 4])
        let reply = try await server.post(
            "/v1/chat/completions", .object(["messages": conflict, "max_tokens": 4, field: value]))
        #expect(reply.status == 200, "\(field): \(reply.text)")
        #expect(try reply.json["choices"] == plain.json["choices"])
    }

    @Test("Without a limit an answer ends with the model's end of it, or with the context")
    func noLimit() async throws {
        let server = try await TestServer { $0.inference.contextLength = 64 }
        let request: [String: JSONValue] = ["messages": conflict]
        let unlimited = try await server.post(
            "/v1/chat/completions", .object(request.merging(["max_tokens": -1]) { $1 }))
        let plain = try await server.post("/v1/chat/completions", .object(request))
        #expect(try unlimited.json["choices"] == plain.json["choices"])
        let raw = try await server.post("/v1/completions", ["prompt": "Inga", "max_tokens": -1, "ignore_eos": true])
        let tokens = try raw.json["usage"]?["total_tokens"]?.integer
        #expect(raw.status == 200 && tokens ?? 0 > 48, "\(raw.text)")
    }

    @Test("A body may begin with a byte-order mark; one that is packed is named as that")
    func bodies() async throws {
        let server = try await TestServer()
        let body = Data(#"{"prompt": "Inga", "max_tokens": 1}"#.utf8)
        let type: HTTPFields = [.contentType: "application/json"]
        #expect(
            try await server.send(.post, "/v1/completions", [0xEF, 0xBB, 0xBF] + body, headers: type).status == 200)
        let packed: HTTPFields = [.contentType: "application/json", .contentEncoding: "gzip"]
        let reply = try await server.send(.post, "/v1/completions", [0x1F, 0x8B] + body, headers: packed)
        #expect(reply.status == 415 && reply.text.contains("Content-Encoding"))
    }

    @Test(
        "A message can be sent back as a server answered it",
        arguments: [
            ("tool_calls", []), ("annotations", []), ("reasoning_content", ""), ("reasoning", ""),
            ("name", "assistant"),
            ("refusal", .null), ("refusal", ""), ("parsed", .null), ("reasoning_details", []), ("audio", .null),
            ("function_call", .null), ("tool_call_id", ""),
        ] as [(String, JSONValue)])
    func history(field: String, value: JSONValue) async throws {
        let server = try await TestServer()
        func turn(_ extra: [String: JSONValue]) async throws -> TestServer.Reply {
            let assistant =
                ["role": "assistant", "content": "In the house."].merging(extra) { $1 } as [String: JSONValue]
            let messages = (conflict.array ?? []) + [.object(assistant), ["role": "user", "content": "And the dog?"]]
            return try await server.post("/v1/chat/completions", ["messages": .array(messages), "max_tokens": 4])
        }
        let reply = try await turn([field: value])
        #expect(reply.status == 200, "\(field): \(reply.text)")
        let plain = try await turn([:])
        #expect(try reply.json["choices"] == plain.json["choices"])
    }

    @Test("An assistant may have said nothing; anybody else who did is told")
    func nothingSaid() async throws {
        let server = try await TestServer()
        func reply(_ role: String) async throws -> TestServer.Reply {
            let messages: [JSONValue] =
                (conflict.array ?? []) + [
                    ["role": .string(role), "content": .null], ["role": "user", "content": "And?"],
                ]
            return try await server.post("/tokenize", ["messages": .array(messages)])
        }
        #expect(try await reply("assistant").status == 200)
        let refused = try await reply("user")
        #expect(refused.status == 400)
        #expect(try refused.json["error"]?["param"] == "messages[2].content")
    }

    @Test("Tools without a place in the template are an error of the field that brings them")
    func toolFields() async throws {
        let server = try await TestServer()
        let tool: JSONValue = ["type": "function", "function": ["name": "f", "parameters": ["type": "object"]]]
        let call: JSONValue = ["id": "a", "type": "function", "function": ["name": "f", "arguments": "{}"]]
        let history: JSONValue = [
            ["role": "user", "content": "Hi"], ["role": "assistant", "content": .null, "tool_calls": [call]],
            ["role": "tool", "tool_call_id": "a", "content": "x"],
        ]
        for (fields, param) in [
            (["messages": conflict, "tools": [tool]], "tools"), (["messages": history], "messages[1].tool_calls"),
            (["messages": history, "tools": [tool]], "tools"),
        ] as [([String: JSONValue], String)] {
            let reply = try await server.post("/v1/chat/completions", .object(fields))
            #expect(try reply.status == 400 && reply.json["error"]?["param"]?.string == param, "\(reply.text)")
        }
    }

    @Test("The description offers neutral values, as the check accepts them")
    func described() {
        let properties = FieldType.object(Endpoint.chatCompletions.fields).schema["properties"]
        #expect(properties?["repetition_penalty"]?["anyOf"]?.array?.contains(["enum": [1]]) == true)
        #expect(properties?["max_tokens"]?["anyOf"]?.array?.contains(["enum": [-1]]) == true)
    }
}
