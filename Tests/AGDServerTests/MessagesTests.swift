import AttributionGuidedDecoding
import Foundation
import HTTPTypes
import Hummingbird
import Testing

@testable import AGDServer

@Suite("Messages", .enabled(if: TestServer.modelPath != nil, "Models/microcosm.gguf is absent"))
struct MessagesTests {
    private static let path = "/v1/messages"
    private static let asked: JSONValue = [["role": "user", "content": "Please answer in English: where is the cat?"]]
    private static let request: [String: JSONValue] = [
        "system": "Answer in Spanish.", "messages": asked, "max_tokens": 40,
    ]
    private static let tools: JSONValue = [
        [
            "name": "find",
            "input_schema": [
                "type": "object", "properties": ["what": ["enum": ["cat", "dog"]]], "required": ["what"],
            ],
        ]
    ]

    private static let keyField = HTTPField.Name("x-api-key") ?? .origin

    private static func with(_ more: [String: JSONValue]) -> JSONValue { .object(request.merging(more) { $1 }) }

    @Test("A message says what a chat completion says, of the same prompt, with the same trace")
    func sameAsChat() async throws {
        let agd: JSONValue = ["roi": ["system"], "entropy_threshold": "off", "trace": true]
        let chat = try await TestServer().post(
            "/v1/chat/completions", ["messages": conflict, "max_tokens": 40, "agd": agd]
        ).json
        let message = try await TestServer().post(Self.path, Self.with(["agd": agd])).json
        #expect(message["type"] == "message" && message["role"] == "assistant")
        #expect(message["content"]?[0]?["text"] == chat["choices"]?[0]?["message"]?["content"])
        #expect(message["agd"] == chat["choices"]?[0]?["agd"])
        #expect(message["usage"]?["input_tokens"] == chat["usage"]?["prompt_tokens"])
        #expect(message["usage"]?["output_tokens"] == chat["usage"]?["completion_tokens"])
        let isCut = chat["choices"]?[0]?["finish_reason"] == "length"
        #expect(message["stop_reason"] == (isCut ? "max_tokens" : "end_turn") && message["stop_sequence"] == .null)
    }

    @Test("A stream's events come in their order and spell the answer")
    func stream() async throws {
        let server = try await TestServer()
        let whole = try await server.post(Self.path, Self.with([:])).json
        let reply = try await server.post(Self.path, Self.with(["stream": true]))
        let events = try reply.events.map { try JSONValue(parsing: $0) }
        let names = reply.eventNames
        #expect(events.map { $0["type"]?.string } == names)
        #expect(names.prefix(2) == ["message_start", "content_block_start"])
        #expect(names.suffix(3) == ["content_block_stop", "message_delta", "message_stop"])
        #expect(Set(names.dropFirst(2).dropLast(3)) == ["content_block_delta"])
        let text = events.compactMap { $0["delta"]?["text"]?.string }.joined()
        #expect(!text.isEmpty && text == whole["content"]?[0]?["text"]?.string)
        let last = events[events.count - 2]
        #expect(last["delta"]?["stop_reason"] == whole["stop_reason"])
        #expect(last["usage"]?["output_tokens"] == whole["usage"]?["output_tokens"])
        #expect(events[0]["message"]?["usage"]?["input_tokens"] == whole["usage"]?["input_tokens"])
        // The second time the prompt needn't be read, and what is read and what isn't add up.
        let read = [last["usage"]?["input_tokens"], last["usage"]?["cache_read_input_tokens"]].compactMap {
            $0?.integer
        }
        #expect(read.reduce(0, +) == whole["usage"]?["input_tokens"]?.integer && read.last ?? 0 > 0)
    }

    @Test("A stop sequence is told with the answer that it ended")
    func stopSequence() async throws {
        let server = try await TestServer()
        let text = try await server.post(Self.path, Self.with([:])).json["content"]?[0]?["text"]?.string ?? ""
        let stop = String(text.dropFirst(text.count / 2).prefix(3))
        let message = try await server.post(Self.path, Self.with(["stop_sequences": ["#", .string(stop)]])).json
        #expect(message["stop_reason"] == "stop_sequence" && message["stop_sequence"]?.string == stop)
        #expect(message["content"]?[0]?["text"]?.string == text.components(separatedBy: stop)[0])
    }

    @Test("A call is a block with its input, in a stream too, and can be sent back with what the tool said")
    func calls() async throws {
        let server = try await TestServer(model: ChangedModel.withTools())
        let fields: [String: JSONValue] = ["tools": Self.tools, "tool_choice": ["type": "any"], "max_tokens": 250]
        let message = try await server.post(Self.path, Self.with(fields)).json
        let call = try #require(message["content"]?[0])
        #expect(call["type"] == "tool_use" && call["name"] == "find" && message["stop_reason"] == "tool_use")
        #expect(["cat", "dog"].contains(call["input"]?["what"]?.string))

        let reply = try await server.post(Self.path, Self.with(fields.merging(["stream": true]) { $1 }))
        let events = try reply.events.map { try JSONValue(parsing: $0) }
        let blocks = reply.eventNames.filter { $0.hasPrefix("content_block") }
        #expect(blocks == ["content_block_start", "content_block_delta", "content_block_stop"])
        #expect(events[1]["content_block"]?["input"] == [:])
        let input = try JSONValue(parsing: events[2]["delta"]?["partial_json"]?.string ?? "")
        #expect(input == call["input"])

        let result: JSONValue = [
            "type": "tool_result", "tool_use_id": call["id"] ?? .null, "content": "In the garden.",
        ]
        let history =
            (Self.asked.array ?? []) + [
                ["role": "assistant", "content": message["content"] ?? []], ["role": "user", "content": [result]],
            ]
        let next = try await server.post(
            Self.path, Self.with(["messages": .array(history), "tools": Self.tools, "max_tokens": 4]))
        #expect(next.status == 200, "\(next.text)")
    }

    @Test("An answer goes on where its beginning was given")
    func prefill() async throws {
        let server = try await TestServer()
        let text = try await server.post(Self.path, Self.with([:])).json["content"]?[0]?["text"]?.string ?? ""
        let beginning = String(text.prefix(text.count / 2))
        let messages = (Self.asked.array ?? []) + [["role": "assistant", "content": .string(beginning)]]
        let rest = try await server.post(Self.path, Self.with(["messages": .array(messages)])).json
        let chat = try await server.post(
            "/v1/chat/completions",
            [
                "messages": .array((conflict.array ?? []) + [["role": "assistant", "content": .string(beginning)]]),
                "continue_final_message": true, "max_tokens": 40,
            ]
        ).json
        #expect(rest["content"]?[0]?["text"] == chat["choices"]?[0]?["message"]?["content"])
    }

    @Test("A stream's trace and sources come with its end")
    func trace() async throws {
        let server = try await TestServer()
        let agd: JSONValue = ["roi": ["system"], "trace": true, "sources": "answer"]
        let whole = try await server.post(Self.path, Self.with(["agd": agd])).json
        let reply = try await server.post(Self.path, Self.with(["agd": agd, "stream": true]))
        let last = try JSONValue(parsing: reply.events[reply.events.count - 2])
        #expect(last["agd"]?["steps"]?.array?.count == whole["agd"]?["steps"]?.array?.count)
        #expect(last["agd"]?["sources"]?[0]?["text"] == whole["agd"]?["sources"]?[0]?["text"])
    }

    @Test("Tokens are counted as the prompt has them")
    func count() async throws {
        let server = try await TestServer()
        let count = try await server.post(
            "/v1/messages/count_tokens", ["system": "Answer in Spanish.", "messages": Self.asked]
        ).json
        #expect(try await count["input_tokens"] == server.post("/tokenize", ["messages": conflict]).json["count"])
    }

    @Test("Errors have the form that Anthropic's clients know, whatever is wrong")
    func errors() async throws {
        let server = try await TestServer { $0.apiKey = Secret("secret") }
        let key: HTTPFields = [Self.keyField: "secret"]
        func error(_ reply: TestServer.Reply) throws -> String? {
            #expect(try reply.json["type"] == "error" && reply.json["error"]?["message"]?.string?.isEmpty == false)
            return try reply.json["error"]?["type"]?.string
        }
        #expect(try await error(server.post(Self.path, Self.with([:]))) == "authentication_error")
        #expect(
            try await error(server.post(Self.path, Self.with(["model": "other"]), headers: key)) == "not_found_error")
        #expect(try await error(server.send(.get, Self.path, Data(), headers: key)) == "invalid_request_error")
        let large = try await server.send(.post, Self.path, Data(count: Limits.bodyBytes + 1), headers: key)
        #expect(try error(large) == "request_too_large")
        for (fields, param) in [
            (["top_k": "x"], "top_k"), (["container": "x"], "container"), (["tools": Self.tools], "tools"),
            (
                ["messages": [["role": "user", "content": [["type": "image", "source": [:]]]]]],
                "messages[0].content[0].type"
            ),
            (["stop_sequences": "x"], "stop_sequences"),
            (["system": .string(String(repeating: "cat ", count: 50_000))], "messages"),
        ] as [([String: JSONValue], String)] {
            let reply = try await server.post(Self.path, Self.with(fields), headers: key)
            #expect(reply.status == 400)
            #expect(try error(reply) == "invalid_request_error" && reply.json["error"]?["param"]?.string == param)
        }
        #expect(try await server.post(Self.path, Self.with([:]), headers: key).status == 200)
    }

    @Test(
        "A key is taken as Anthropic's clients send it, on every path",
        arguments: ["secret", "wrong", "", "secret, secret"])
    func key(given: String) async throws {
        let server = try await TestServer { $0.apiKey = Secret("secret") }
        let reply = try await server.get("/v1/models", headers: [Self.keyField: given])
        #expect(reply.status == (given == "secret" ? 200 : 401))
    }
}
