import AttributionGuidedDecoding
import Foundation
import Testing

@testable import AGDServer

@Suite("Responses", .enabled(if: TestServer.modelPath != nil, "Models/microcosm.gguf is absent"))
struct ResponsesTests {
    private static let path = "/v1/responses"
    private static let tools: JSONValue = [
        [
            "type": "function", "name": "find",
            "parameters": ["type": "object", "properties": ["what": ["enum": ["cat", "dog"]]], "required": ["what"]],
        ]
    ]

    private static func text(_ response: JSONValue?) -> String? {
        response?["output"]?[0]?["content"]?[0]?["text"]?.string
    }

    @Test("A response says what a chat completion says, of the same prompt, with the same trace")
    func sameAsChat() async throws {
        let agd: JSONValue = ["roi": ["system"], "entropy_threshold": "off", "trace": true]
        let chat = try await TestServer().post(
            "/v1/chat/completions", ["messages": conflict, "max_tokens": 12, "agd": agd]
        ).json
        let request: JSONValue = [
            "instructions": "Answer in Spanish.", "input": "Please answer in English: where is the cat?",
            "max_output_tokens": 12, "agd": agd,
        ]
        let response = try await TestServer().post(Self.path, request).json
        #expect(response["object"] == "response" && response["output"]?[0]?["role"] == "assistant")
        #expect(Self.text(response) == chat["choices"]?[0]?["message"]?["content"]?.string)
        #expect(response["agd"] == chat["choices"]?[0]?["agd"])
        #expect(response["usage"]?["input_tokens"] == chat["usage"]?["prompt_tokens"])
        #expect(response["usage"]?["output_tokens"] == chat["usage"]?["completion_tokens"])
        let isCut = chat["choices"]?[0]?["finish_reason"] == "length"
        #expect(response["status"] == (isCut ? "incomplete" : "completed"))
        #expect(response["incomplete_details"] == (isCut ? ["reason": "max_output_tokens"] : .null))
    }

    @Test("A stream's events come in their order, are numbered, spell the answer, and end with all of it")
    func stream() async throws {
        let server = try await TestServer()
        let request: [String: JSONValue] = ["input": conflict, "max_output_tokens": 40]
        let whole = try await server.post(Self.path, .object(request)).json
        let reply = try await server.post(Self.path, .object(request.merging(["stream": true]) { $1 }))
        let events = try reply.events.map { try JSONValue(parsing: $0) }
        #expect(events.map { $0["type"]?.string } == reply.eventNames)
        #expect(events.map { $0["sequence_number"]?.integer } == Array(0..<events.count))
        let names = reply.eventNames.map { String($0.dropFirst("response.".count)) }
        #expect(names.prefix(4) == ["created", "in_progress", "output_item.added", "content_part.added"])
        #expect(names.suffix(4).dropLast() == ["output_text.done", "content_part.done", "output_item.done"])
        #expect(Set(names.dropFirst(4).dropLast(4)) == ["output_text.delta"])
        let text = events.compactMap { $0["delta"]?.string }.joined()
        #expect(!text.isEmpty && text == Self.text(whole))
        let last = events.last?["response"]
        #expect(events.last?["type"]?.string == "response.\(last?["status"]?.string ?? "")")
        #expect(last?["status"] == whole["status"] && Self.text(last) == text)
        #expect(last?["usage"]?["output_tokens"] == whole["usage"]?["output_tokens"])
        #expect(last?["output"]?[0]?["id"] == events[2]["item"]?["id"])
    }

    @Test("A call is an item with its arguments, in a stream too, and can be sent back with what the tool said")
    func calls() async throws {
        let server = try await TestServer(model: ChangedModel.withTools())
        let request: [String: JSONValue] = [
            "input": "Where is the cat?", "tools": Self.tools, "tool_choice": "required", "max_output_tokens": 250,
        ]
        let response = try await server.post(Self.path, .object(request)).json
        let call = try #require(response["output"]?[0])
        #expect(call["type"] == "function_call" && call["name"] == "find" && response["output"]?.array?.count == 1)
        let arguments = try JSONValue(parsing: call["arguments"]?.string ?? "")
        #expect(["cat", "dog"].contains(arguments["what"]?.string))

        let reply = try await server.post(Self.path, .object(request.merging(["stream": true]) { $1 }))
        let names = reply.eventNames.map { String($0.dropFirst("response.".count)) }
        #expect(
            names == [
                "created", "in_progress", "output_item.added", "function_call_arguments.delta",
                "function_call_arguments.done", "output_item.done", "completed",
            ])
        let events = try reply.events.map { try JSONValue(parsing: $0) }
        #expect(events[4]["arguments"] == call["arguments"] && events[4]["name"] == "find")
        #expect(events[2]["item"]?["arguments"] == "" && events[2]["item"]?["name"] == "find")

        let result: JSONValue = [
            "type": "function_call_output", "call_id": call["call_id"] ?? .null, "output": "In the garden.",
        ]
        let next = try await server.post(
            Self.path,
            [
                "input": [["role": "user", "content": "Where is the cat?"], call, result], "tools": Self.tools,
                "max_output_tokens": 4,
            ])
        #expect(next.status == 200, "\(next.text)")
    }

    @Test("A schema is obeyed")
    func format() async throws {
        let schema: JSONValue = ["type": "object", "properties": ["legs": ["enum": [2, 4]]], "required": ["legs"]]
        let response = try await TestServer().post(
            Self.path,
            [
                "input": conflict, "max_output_tokens": 100,
                "text": ["format": ["type": "json_schema", "name": "animal", "schema": schema]],
            ]
        ).json
        let animal = try JSONValue(parsing: Self.text(response) ?? "")
        #expect([2, 4].contains(animal["legs"]?.integer))
    }

    @Test("Sources come as citations of the text, with events of their own in a stream")
    func sources() async throws {
        let server = try await TestServer()
        let request: [String: JSONValue] = [
            "input": conflict, "max_output_tokens": 12, "agd": ["sources": "answer"],
            "documents": [["id": "https://pets.example/1", "title": "Pets", "text": "The cat is in the garden."]],
        ]
        let whole = try await server.post(Self.path, .object(request)).json
        let citations = whole["output"]?[0]?["content"]?[0]?["annotations"]?.array ?? []
        #expect(whole["agd"]?["sources"]?[0]?["shares"] != nil)
        #expect(citations.allSatisfy { $0["type"] == "url_citation" && $0["title"] == "Pets" })
        let reply = try await server.post(Self.path, .object(request.merging(["stream": true]) { $1 }))
        let events = try reply.events.map { try JSONValue(parsing: $0) }
        let added = events.filter { $0["type"] == "response.output_text.annotation.added" }
        #expect(added.compactMap { $0["annotation"] } == citations)
        #expect(events.last?["response"]?["agd"]?["sources"]?[0]?["text"] == whole["agd"]?["sources"]?[0]?["text"])
    }

    @Test("What isn't stored can't be asked for, and what can't be read is named")
    func refused() async throws {
        let server = try await TestServer()
        for (fields, param) in [
            (["store": true], "store"), (["previous_response_id": "resp_1"], "previous_response_id"),
            (["background": true], "background"), (["truncation": "auto"], "truncation"),
            (["input": [["type": "item_reference", "id": "x"]]], "input[0].type"),
            (
                ["input": [["role": "user", "content": [["type": "input_image", "image_url": "x"]]]]],
                "input[0].content[0].type"
            ),
            (["tools": [["type": "web_search"]]], "tools[0].type"), (["tools": Self.tools], "tools"),
            (["text": ["format": ["type": "json_schema", "schema": ["pattern": "a"]]]], "text.format.schema"),
            (["input": .string(String(repeating: "cat ", count: 50_000))], "input"),
            (["max_output_tokens": 0], "max_output_tokens"), (["input": []], "input"),
        ] as [([String: JSONValue], String)] {
            let reply = try await server.post(Self.path, .object(["input": "Hi"].merging(fields) { $1 }))
            #expect(reply.status == 400, "\(param): \(reply.text)")
            #expect(try reply.json["error"]?["param"]?.string == param)
        }
    }

    @Test("Tokens are counted as the prompt has them")
    func count() async throws {
        let server = try await TestServer()
        let count = try await server.post("/v1/responses/input_tokens", ["input": conflict]).json
        let chat = try await server.post("/tokenize", ["messages": conflict]).json
        #expect(count["object"] == "response.input_tokens" && count["input_tokens"] == chat["count"])
    }

    @Test("A stream that tells all of a trace at its end is held to the size of an answer")
    func cost() async throws {
        let server = try await TestServer { $0.inference.contextLength = 32_768 }
        let reply = try await server.post(
            Self.path,
            ["input": "Hi", "stream": true, "agd": ["trace": true, "strategy": "candidate", "candidates": 64]])
        #expect(try reply.json["error"]?["code"] == "answer_too_large", "\(reply.text.prefix(300))")
    }
}
