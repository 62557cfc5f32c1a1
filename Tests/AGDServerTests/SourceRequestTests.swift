import AttributionGuidedDecoding
import Foundation
import Testing

@testable import AGDServer

@Suite("Sources by HTTP", .enabled(if: TestServer.modelPath != nil, "Models/microcosm.gguf is absent"))
struct SourceRequestTests {
    private static let documents: JSONValue = [
        ["id": "https://pets.example/1", "title": "Pets", "text": "Petra has a wolf. The wolf is kind."],
        ["text": "The cat is in the garden."],
    ]
    private static func request(_ more: [String: JSONValue]) -> JSONValue {
        .object(["messages": conflict, "documents": documents, "max_tokens": 16].merging(more) { $1 })
    }

    @Test("Each part of an answer has shares that add up to 1, and citations name its documents")
    func whole() async throws {
        let server = try await TestServer()
        let choice = try await server.post(
            "/v1/chat/completions", Self.request(["agd": ["sources": "sentence"]])
        ).json["choices"]?[0]
        let text = Array((choice?["message"]?["content"]?.string ?? "").unicodeScalars)
        let sources = choice?["agd"]?["sources"]?.array ?? []
        #expect(!sources.isEmpty)
        for source in sources {
            let (start, end) = (try #require(source["start"]?.integer), try #require(source["end"]?.integer))
            #expect(String(String.UnicodeScalarView(text[start..<end])) == source["text"]?.string)
            let shares = source["shares"]?.array ?? []
            #expect(abs(shares.reduce(0) { $0 + ($1["share"]?.double ?? 0) } - 1) < 1e-9)
            let names: Set = [
                "document:https://pets.example/1", "document:2", "message:0", "message:1", "template", "answer",
            ]
            #expect(shares.allSatisfy { names.contains($0["source"]?.string ?? "") })
            #expect(source["grounded"]?.double != nil)
        }
        let annotations = choice?["message"]?["annotations"]?.array ?? []
        #expect(annotations.allSatisfy { $0["type"] == "url_citation" })
        let urls: Set<String> = ["https://pets.example/1", "2"]
        for citation in annotations.map({ $0["url_citation"] }) {
            #expect(urls.contains(citation?["url"]?.string ?? ""))
            #expect(sources.contains { $0["start"] == citation?["start_index"] && $0["end"] == citation?["end_index"] })
        }
        #expect(!annotations.isEmpty)
    }

    @Test("A stream tells them once, before the last token, as the whole answer does")
    func stream() async throws {
        let server = try await TestServer()
        let whole = try await server.post(
            "/v1/chat/completions", Self.request(["agd": ["sources": "answer"]])
        ).json["choices"]?[0]
        let events = try await server.post(
            "/v1/chat/completions", Self.request(["agd": ["sources": "answer"], "stream": true])
        ).events.dropLast().map { try JSONValue(parsing: Data($0.utf8))["choices"]?[0] }
        let places = events.indices.filter { events[$0]?["agd"]?["sources"] != nil }
        #expect(places.count == 1)
        let place = try #require(places.first)
        #expect(events[place]?["delta"]?["annotations"] == whole?["message"]?["annotations"])
        #expect(events[place]?["agd"]?["sources"]?[0]?["text"] == whole?["agd"]?["sources"]?[0]?["text"])
        #expect(events[(place + 1)...].contains { $0?["finish_reason"]?.string != nil })
    }

    @Test("Raw prompts have them too, each answer its own")
    func completion() async throws {
        let server = try await TestServer()
        let choices = try await server.post(
            "/v1/completions",
            [
                "prompt": ["The cat is", "The dog is"], "max_tokens": 6, "n": 2,
                "agd": ["sources": ["per": "token", "hops": false]],
            ]
        ).json["choices"]?.array
        #expect(choices?.count == 4)
        for choice in choices ?? [] {
            #expect(choice["agd"]?["sources"]?[0]?["shares"]?[0]?["source"] == "prompt")
        }
    }

    @Test("A message can be sent back with its citations")
    func sentBack() async throws {
        let server = try await TestServer()
        var message =
            try await server.post(
                "/v1/chat/completions", Self.request(["agd": ["sources": "answer"]])
            ).json["choices"]?[0]?["message"] ?? .null
        if message["content"]?.string?.isEmpty ?? true { message = ["role": "assistant", "content": "Yes."] }
        let next: JSONValue = .array((conflict.array ?? []) + [message, ["role": "user", "content": "And the dog?"]])
        let reply = try await server.post("/v1/chat/completions", ["messages": next, "max_tokens": 2])
        #expect(reply.status == 200, "\(reply.text)")
    }

    @Test("The passes back are counted before they are computed")
    func cost() async throws {
        var inference = ServerConfiguration.Inference()
        (inference.sessionCount, inference.threadCount, inference.contextLength) = (1, 1, 512)
        let served = try ServedModel(
            LanguageModel(path: TestServer.modelPath ?? ""), name: "test", configuration: inference)
        func tokens(_ agd: [String: JSONValue], maximum: Double = 10) throws -> Int {
            let request = try GenerationRequest(
                chat: ["messages": conflict, "max_tokens": .number(maximum), "agd": .object(agd)], served,
                allowsPatterns: false)
            return RequestCost(request, served).tokens
        }
        let plain = try tokens([:])
        #expect(try tokens(["sources": "answer"]) == plain * 4)
        #expect(try tokens(["sources": "token"]) == plain * 13)
        let long = try tokens([:], maximum: 100)
        #expect(try tokens(["sources": "sentence"], maximum: 100) == long * (3 + Limits.sentences))
    }

    @Test("What would take too long is refused, and the field is named")
    func tooMuch() async throws {
        let server = try await TestServer { $0.inference.contextLength = 16_384 }
        let reply = try await server.post(
            "/v1/chat/completions", Self.request(["agd": ["sources": "token"], "max_tokens": 4000]))
        #expect(reply.status == 400)
        #expect(try reply.json["error"]?["code"] == "request_too_large")
        #expect(try reply.json["error"]?["param"] == "max_tokens")
    }

    @Test(
        "What isn't understood is named",
        arguments: [
            (["agd": ["sources": "word"]], "agd.sources"), (["agd": ["sources": ["per": "word"]]], "agd.sources.per"),
            (["documents": [["title": "x"]]], "documents[0].text"),
            (["documents": [["text": ""]]], "documents[0].text"),
            (["documents": "x"], "documents"), (["documents": [["text": "a\u{0}b"]]], "documents"),
            (["messages": [["role": "system", "content": "x"]], "documents": [["text": "a"]]], "documents"),
        ] as [([String: JSONValue], String)])
    func errors(fields: [String: JSONValue], param: String) async throws {
        let reply = try await TestServer().post("/v1/chat/completions", Self.request(fields))
        #expect(reply.status == 400)
        #expect(try reply.json["error"]?["param"]?.string == param)
    }
}
