import AttributionGuidedDecoding
import Foundation
import Testing

@testable import AGDServer

@Suite(
    "Untrusted text and avoided words by HTTP",
    .enabled(if: TestServer.modelPath != nil, "Models/microcosm.gguf is absent"))
struct TrustRequestTests {
    private static func request(_ agd: JSONValue, _ more: [String: JSONValue] = [:]) -> JSONValue {
        let messages: JSONValue = [
            ["role": "system", "content": "Answer in Spanish."],
            ["role": "user", "content": "Where is the cat?", "agd_trust": "untrusted"],
        ]
        let fields: [String: JSONValue] = [
            "messages": messages, "documents": [["text": "The cat is in the garden.", "agd_trust": "untrusted"]],
            "max_tokens": 12, "agd": agd,
        ]
        return .object(fields.merging(more) { $1 })
    }

    @Test("Each part has its untrusted share, and what exceeds the limit is flagged")
    func flag() async throws {
        let reply = try await TestServer().post(
            "/v1/chat/completions", Self.request(["trust": ["limit": 0]]))
        let choice = try reply.json["choices"]?[0]
        let sources = choice?["agd"]?["sources"]?.array ?? []
        #expect(!sources.isEmpty, "\(reply.text)")
        for source in sources {
            let shares = source["shares"]?.array?.filter { ["document:1", "message:1"].contains($0["source"]) }
            let sum = (shares ?? []).reduce(0) { $0 + ($1["share"]?.double ?? 0) }
            #expect(abs((source["untrusted"]?.double ?? -1) - sum) < 1e-12)
        }
        let trust = choice?["agd"]?["trust"]
        #expect(trust?["exceeding"]?.array?.isEmpty == false && trust?["refused"] == false)
        #expect(trust?["reason"]?.string?.contains("untrusted") == true)
        #expect(choice?["message"]?["content"]?.string?.isEmpty == false)
    }

    @Test(
        "What exceeds the limit is refused whole, in a stream too, and nothing of it is told", arguments: [false, true])
    func refuse(streams: Bool) async throws {
        let agd: JSONValue = ["trust": ["limit": 0, "action": "refuse"], "trace": true]
        let reply = try await TestServer().post(
            "/v1/chat/completions", Self.request(agd, ["stream": .bool(streams), "logprobs": true]))
        guard streams else {
            let choice = try reply.json["choices"]?[0]
            #expect(choice?["finish_reason"] == "content_filter" && choice?["message"]?["content"] == "")
            #expect(choice?["agd"]?["trust"]?["refused"] == true && choice?["agd"]?["steps"]?.array == [])
            #expect(try reply.json["usage"]?["completion_tokens"]?.integer ?? 0 > 0)
            return
        }
        let choices = try reply.events.dropLast().map { try JSONValue(parsing: Data($0.utf8))["choices"]?[0] }
        #expect(
            choices.allSatisfy {
                $0?["delta"]?["content"]?.string ?? "" == "" && $0?["agd"]?["steps"]?.array ?? [] == []
            })
        #expect(choices.last??["finish_reason"] == "content_filter")
        #expect(choices.contains { $0?["agd"]?["trust"]?["refused"] == true })
    }

    @Test("What stays within the limit is told as without one, in a stream too", arguments: [false, true])
    func within(streams: Bool) async throws {
        let server = try await TestServer()
        func text(_ agd: JSONValue) async throws -> String {
            let reply = try await server.post(
                "/v1/chat/completions", Self.request(agd, ["stream": .bool(streams)]))
            guard streams else { return try reply.json["choices"]?[0]?["message"]?["content"]?.string ?? "" }
            return try reply.events.dropLast().map {
                try JSONValue(parsing: Data($0.utf8))["choices"]?[0]?["delta"]?["content"]?.string ?? ""
            }.joined()
        }
        let free = try await text([:])
        #expect(!free.isEmpty)
        #expect(try await text(["trust": ["limit": 1, "action": "refuse"]]) == free)
    }

    @Test("A part of a message can be a document, and untrusted, where it stands")
    func said() async throws {
        let server = try await TestServer()
        let content = "Where is the cat? 😀 The cat is in the garden."
        func reply(_ documents: JSONValue, _ trust: JSONValue = ["limit": 0]) async throws -> TestServer.Reply {
            try await server.post(
                "/v1/chat/completions",
                [
                    "messages": [["role": "user", "content": .string(content)]], "documents": documents,
                    "max_tokens": 12, "agd": ["trust": trust],
                ])
        }
        let told = try await reply([
            ["id": "note", "message": 0, "characters": [20, 45], "agd_trust": "untrusted"]
        ])
        let choice = try told.json["choices"]?[0]
        let plain = try await server.post(
            "/v1/chat/completions",
            ["messages": [["role": "user", "content": .string(content)]], "max_tokens": 12])
        #expect(try choice?["message"]?["content"] == plain.json["choices"]?[0]?["message"]?["content"])
        let source = try #require(choice?["agd"]?["sources"]?[0], "\(told.text)")
        let share = source["shares"]?.array?.first { $0["source"] == "document:note" }
        #expect(share?["share"] == source["untrusted"] && share?["share"] == source["grounded"])
        #expect(share?["passages"]?[0]?["end"]?.integer == 25)
        for (wrong, param) in [
            (["text": "x", "message": 0, "characters": [0, 1]], "documents[0].text"), ([:], "documents[0].text"),
            (["message": 0], "documents[0].text"), (["message": 1, "characters": [0, 1]], "documents[0]"),
            (["message": 0, "characters": [0, 99]], "documents[0]"),
            (["message": 0, "characters": [2, 2]], "documents[0].characters"),
        ] as [(JSONValue, JSONValue)] {
            let refused = try await reply([wrong])
            #expect(try refused.status == 400 && refused.json["error"]?["param"] == param, "\(refused.text)")
        }
    }

    @Test("Tools and documents are distrusted together, and can be a region")
    func defaults() async throws {
        let server = try await TestServer()
        let messages: JSONValue = .array((conflict.array ?? []) + [["role": "user", "content": "And the dog?"]])
        let documents: JSONValue = [["text": "The cat is in the garden."]]
        let reply = try await server.post(
            "/v1/chat/completions",
            [
                "messages": messages, "documents": documents, "max_tokens": 4,
                "agd": ["documents": "untrusted", "roi": ["untrusted=-1", "trusted"], "trace": true],
            ])
        #expect(reply.status == 200, "\(reply.text)")
        let weights = try reply.json["choices"]?[0]?["agd"]?["roi"]?.array?.compactMap { $0["weight"]?.double } ?? []
        #expect(weights.contains(-1) && weights.contains(1))
    }

    @Test("An avoided word is never said, guided or not")
    func avoid() async throws {
        let server = try await TestServer()
        for agd in [[:], ["roi": ["system"], "entropy_threshold": "off"]] as [[String: JSONValue]] {
            func text(_ avoided: [JSONValue]) async throws -> String {
                let reply = try await server.post(
                    "/v1/chat/completions",
                    Self.request(.object(agd.merging(["avoid": .array(avoided)]) { $1 }), ["max_tokens": 24]))
                #expect(reply.status == 200, "\(reply.text)")
                return try reply.json["choices"]?[0]?["message"]?["content"]?.string ?? ""
            }
            func words(_ text: String) -> [String] { text.lowercased().split { !$0.isLetter }.map(String.init) }
            let word = try #require(try await words(text([])).first { $0.count > 1 })
            #expect(try await !words(text([.string(word)])).contains(word))
        }
    }

    @Test(
        "What can't be is named",
        arguments: [
            (["avoid": ["*"]], "agd.avoid[0]"), (["avoid": [""]], "agd.avoid[0]"), (["avoid": "x"], "agd.avoid"),
            (["trust": ["limit": 2]], "agd.trust.limit"), (["trust": [:]], "agd.trust.limit"),
            (["trust": ["limit": 0.5, "action": "warn"]], "agd.trust.action"), (["tools": "no"], "agd.tools"),
        ] as [(JSONValue, String)])
    func errors(agd: JSONValue, param: String) async throws {
        let reply = try await TestServer().post("/v1/chat/completions", Self.request(agd))
        #expect(reply.status == 400)
        #expect(try reply.json["error"]?["param"]?.string == param)
    }

    @Test("A limit where nothing is untrusted is told")
    func nothing() async throws {
        let reply = try await TestServer().post(
            "/v1/chat/completions", ["messages": conflict, "max_tokens": 2, "agd": ["trust": ["limit": 0.5]]])
        #expect(reply.status == 400)
        #expect(try reply.json["error"]?["param"]?.string == "agd.trust")
        let raw = try await TestServer().post(
            "/v1/completions", ["prompt": "The cat", "max_tokens": 2, "agd": ["trust": ["limit": 0.5]]])
        #expect(try raw.json["error"]?["param"]?.string == "agd.trust")
        let tools = try await TestServer().post(
            "/v1/completions", ["prompt": "The cat", "max_tokens": 2, "agd": ["tools": "untrusted"]])
        #expect(try tools.json["error"]?["param"]?.string == "agd.tools")
    }
}
