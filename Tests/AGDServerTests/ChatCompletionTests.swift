import AttributionGuidedDecoding
import Foundation
import Testing

@testable import AGDServer

@Suite("Chat completions", .enabled(if: TestServer.modelPath != nil, "Models/microcosm.gguf is absent"))
struct ChatCompletionTests {
    @Test("A stream begins with the role, ends with [DONE] and spells the whole answer")
    func streamSpellsTheAnswer() async throws {
        let server = try await TestServer()
        var request: [String: JSONValue] = ["messages": conflict, "max_tokens": 12]
        let whole = try await server.post("/v1/chat/completions", .object(request)).json
        request["stream"] = true
        request["stream_options"] = ["include_usage": true]
        let reply = try await server.post("/v1/chat/completions", .object(request))
        #expect(reply.headers[.contentType]?.hasPrefix("text/event-stream") == true)
        #expect(reply.events.last == "[DONE]")
        let chunks = try reply.events.dropLast().map { try JSONValue(parsing: Data($0.utf8)) }
        #expect(chunks.first?["choices"]?[0]?["delta"]?["role"]?.string == "assistant")
        let text = chunks.compactMap { $0["choices"]?[0]?["delta"]?["content"]?.string }.joined()
        #expect(text == whole["choices"]?[0]?["message"]?["content"]?.string)
        #expect(!text.isEmpty)
        #expect(chunks.dropLast().last?["choices"]?[0]?["finish_reason"] == whole["choices"]?[0]?["finish_reason"])
        #expect(chunks.last?["usage"]?["completion_tokens"] == whole["usage"]?["completion_tokens"])
    }

    @Test("A server's own template takes the place of the model's")
    func ownTemplate() async throws {
        let server = try await TestServer {
            $0.inference.chatTemplate = "{% for m in messages %}{{ m.role }} says {{ m.content }}. {% endfor %}"
        }
        let prompt = try await server.post("/tokenize", ["messages": [["role": "user", "content": "hello"]]]).json
        #expect(prompt["text"] == "user says hello. ")
        let answer = try await server.post(
            "/v1/chat/completions", ["messages": [["role": "user", "content": "hello"]], "max_tokens": 2])
        #expect(try answer.status == 200 && answer.json["usage"]?["prompt_tokens"]?.integer == prompt["count"]?.integer)
    }

    @Test("A trace shows that the candidate with the largest score was taken")
    func traceExplainsTheChoice() async throws {
        let server = try await TestServer()
        let answer = try await server.post(
            "/v1/chat/completions",
            [
                "messages": conflict, "max_tokens": 12,
                "agd": [
                    "roi": ["system"], "entropy_threshold": "off", "candidates": 8, "min_probability": 0, "trace": true,
                ],
            ]
        ).json["choices"]?[0]
        let steps = answer?["agd"]?["steps"]?.array ?? []
        #expect(
            !steps.isEmpty && steps.allSatisfy { $0["guided"]?.bool == true && $0["candidates"]?.array?.count == 8 })
        for step in steps {
            let best = step["candidates"]?.array?.max { ($0["score"]?.double ?? 0) < ($1["score"]?.double ?? 0) }
            #expect(best?["id"] == step["chosen"])
            #expect(step["candidates"]?[0]?["id"] == step["greedy"])
        }
    }

    @Test("A message's own weight is the region that names the message", arguments: [1.0, -0.5])
    func weightOnMessage(weight: Double) async throws {
        // A server for each: what is read from a cache may differ in the last digits.
        let (server, other) = (try await TestServer(), try await TestServer())
        let weighted: JSONValue = [
            ["role": "system", "content": "Answer in Spanish.", "agd_weight": .number(weight)],
            ["role": "user", "content": "Please answer in English: where is the cat?"],
        ]
        let inline = try await server.post(
            "/v1/chat/completions",
            [
                "messages": weighted, "max_tokens": 8, "agd": ["entropy_threshold": "off", "trace": true],
            ]
        ).json["choices"]?[0]?["agd"]
        let named = try await other.post(
            "/v1/chat/completions",
            [
                "messages": conflict, "max_tokens": 8,
                "agd": [
                    "roi": [["message": 0, "weight": .number(weight)]], "entropy_threshold": "off", "trace": true,
                ],
            ]
        ).json["choices"]?[0]?["agd"]
        #expect(inline?["strategy"]?.string == "agd" && inline == named)
    }

    @Test("The next turn reads only what is new, and answers as if it had read everything")
    func prefixIsReused() async throws {
        let server = try await TestServer()
        func turn(_ messages: JSONValue, on server: TestServer) async throws -> JSONValue {
            try await server.post(
                "/v1/chat/completions", ["messages": messages, "max_tokens": 8, "agd": ["roi": ["system"]]]
            ).json
        }
        let first = try await turn(conflict, on: server)
        let next: JSONValue = .array(
            (conflict.array ?? []) + [
                ["role": "assistant", "content": first["choices"]?[0]?["message"]?["content"] ?? ""],
                ["role": "user", "content": "And the dog?"],
            ])
        let second = try await turn(next, on: server)
        let fresh = try await turn(next, on: TestServer())
        let promptLength = first["usage"]?["prompt_tokens"]?.integer ?? 0
        #expect(first["usage"]?["prompt_tokens_details"]?["cached_tokens"] == 0)
        #expect(second["usage"]?["prompt_tokens_details"]?["cached_tokens"]?.integer ?? 0 >= promptLength)
        #expect(second["choices"] == fresh["choices"])
    }

    @Test("An answer ends before a stop string, however it is tokenised")
    func stopString() async throws {
        let server = try await TestServer()
        let free = try await server.post("/v1/chat/completions", ["messages": conflict, "max_tokens": 30]).json
        let text = free["choices"]?[0]?["message"]?["content"]?.string ?? ""
        let stop = String(text.dropFirst(text.count / 2).prefix(3))
        let stopped = try await server.post(
            "/v1/chat/completions", ["messages": conflict, "max_tokens": 30, "stop": .string(stop)]
        ).json
        #expect(stopped["choices"]?[0]?["message"]?["content"]?.string == text.components(separatedBy: stop)[0])
        #expect(stopped["choices"]?[0]?["finish_reason"] == "stop")
    }

    @Test("The same seed draws the same text, and another choice of the same request draws another")
    func seeds() async throws {
        let server = try await TestServer()
        let request: JSONValue = ["messages": conflict, "max_tokens": 24, "temperature": 1.5, "seed": 7, "n": 2]
        let first = try await server.post("/v1/chat/completions", request).json["choices"]
        let second = try await server.post("/v1/chat/completions", request).json["choices"]
        #expect(first == second)
        #expect(first?[0]?["message"] != first?[1]?["message"])
    }

    @Test("Characters of a message name the tokens that overlap them, and nothing else")
    func charactersName() async throws {
        let server = try await TestServer()
        let content = "Sí, answer in Spanish."
        let tokens =
            try await server.post(
                "/tokenize",
                [
                    "messages": [["role": "system", "content": .string(content)]],
                    "agd": ["roi": [["message": 0, "characters": [14, 21], "weight": -0.5]]],
                ]
            ).json["tokens"]?.array ?? []
        let marked = tokens.filter { $0["weight"]?.double != 0 }
        let text = marked.compactMap { $0["text"]?.string }.joined()
        #expect(text.contains("Spanish"))
        #expect(marked.allSatisfy { $0["weight"]?.double == -0.5 && $0["message"] == 0 })
        let span = marked.compactMap { $0["message_characters"]?.array?.compactMap(\.integer) }.flatMap { $0 }
        #expect(span.min() ?? 0 >= 13 && span.max() ?? 99 <= 21)
    }

    @Test("A trace tells the token that ends an answer from those that are its text, whatever they look like")
    func controlTokens() async throws {
        let server = try await TestServer()
        let choice = try await server.post(
            "/v1/chat/completions", ["messages": conflict, "max_tokens": 200, "agd": ["trace": true]]
        ).json["choices"]?[0]
        let steps = choice?["agd"]?["steps"]?.array ?? []
        #expect(choice?["finish_reason"] == "stop" && steps.last?["control"] == true)
        #expect(steps.count > 1 && steps.dropLast().allSatisfy { $0["control"] == false })
    }

    @Test("Tokens that are parts of a character have their bytes", arguments: ["你好 👩‍👩‍👧", "<b>é</b>"])
    func partsOfCharacters(text: String) async throws {
        let server = try await TestServer()
        let tokens =
            try await server.post("/v1/attributions", ["prompt": .string(text), "targets": [5]]).json["tokens"]?.array
            ?? []
        let bytes = tokens.flatMap { token -> [UInt8] in
            token["bytes"]?.array?.compactMap { $0.integer.map { UInt8(clamping: $0) } }
                ?? Array((token["text"]?.string ?? "").utf8)
        }
        #expect(String(decoding: bytes, as: UTF8.self).hasSuffix(text))
    }
}
