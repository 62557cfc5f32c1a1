import AttributionGuidedDecoding
import Foundation
import Hummingbird
import Testing

@testable import AGDServer

@Suite("Hostile requests", .enabled(if: TestServer.modelPath != nil, "Models/microcosm.gguf is absent"))
struct HostileRequestTests {
    /// The smallest request that each endpoint accepts.
    private static let minimal: [String: [String: JSONValue]] = [
        "/v1/chat/completions": ["messages": [["role": "user", "content": "Hi"]], "max_tokens": 1],
        "/v1/completions": ["prompt": "Hi", "max_tokens": 1], "/tokenize": ["prompt": "Hi"],
        "/v1/attributions": ["prompt": "Hi", "targets": [5]],
        "/v1/embeddings": ["input": "Hi"],
        "/v1/responses": ["input": "Hi", "max_output_tokens": 1], "/v1/responses/input_tokens": ["input": "Hi"],
        "/v1/messages": ["messages": [["role": "user", "content": "Hi"]], "max_tokens": 1],
        "/v1/messages/count_tokens": ["messages": [["role": "user", "content": "Hi"]]],
    ]
    private static let hostile: [JSONValue] = [
        .null, true, 0, -1, 1.5, 1e300, -9_007_199_254_740_992, "", "x", "\u{0}",
        .string(String(repeating: "é", count: 3000)), [],
        {
            (0..<60).reduce(JSONValue.null) { nested, _ in [nested] }
        }(), [""], [0], [[0]], [[]], [.null], [true], [1.5, "x"], [-1], [999_999_999], [:], ["x": 1], ["roi": "system"],
        [["roi": 5]],
        ["role": "user"], [["role": "user"]], [["role": "user", "content": [["type": "image_url"]]]],
    ]

    @Test(
        "A field of any wrong type is a 400 that names it, never a 500",
        arguments: Endpoint.all.filter { !$0.fields.isEmpty }.map(\.path))
    func wrongTypes(path: String) async throws {
        let server = try await TestServer()
        let endpoint = try #require(Endpoint.all.first { $0.path == path })
        for field in endpoint.fields {
            for value in Self.hostile {
                try await Self.check(server, path, field.name, value)
                if case .object(let members) = field.type {
                    for member in members {
                        try await Self.check(server, path, field.name, .object([member.name: value]))
                    }
                }
            }
        }
    }

    private static func check(_ server: TestServer, _ path: String, _ name: String, _ value: JSONValue) async throws {
        var body = minimal[path] ?? [:]
        body[name] = value
        let reply = try await server.post(path, .object(body))
        #expect([200, 400, 404].contains(reply.status), "\(path) \(name) = \(value.text): \(reply.text)")
        guard reply.status == 400 else { return }
        let error = try reply.json["error"]
        #expect(
            error?["type"] == "invalid_request_error" && error?["param"] != nil,
            "\(name) = \(value.text): \(reply.text)")
    }

    @Test(
        "A body that is no JSON object is a 400",
        arguments: [
            "", "null", "5", "\"text\"", "[]", "[[]]", "{", "{\"a\":}", "\u{FEFF}", "{} {}",
            String(repeating: "[", count: 100_000),
            String(repeating: "{\"a\":", count: 5000),
        ])
    func noObject(body: String) async throws {
        let server = try await TestServer()
        for path in Self.minimal.keys {
            let reply = try await server.send(.post, path, Data(body.utf8))
            #expect(reply.status == 400, "\(body.prefix(20)): \(reply.text)")
        }
    }

    @Test("Bytes that are no UTF-8 are a 400, and a body over the limit is a 413")
    func bytesAndSize() async throws {
        let server = try await TestServer()
        #expect(try await server.send(.post, "/tokenize", Data([0x7B, 0x22, 0xFF, 0x22, 0x7D])).status == 400)
        #expect(try await server.send(.post, "/tokenize", Data(count: Limits.bodyBytes + 1)).status == 413)
    }

    @Test("A body that breaks off is a 400")
    func brokenBody() async throws {
        struct Broken: Error {}
        let server = try await TestServer()
        let body = AsyncThrowingStream<ByteBuffer, any Error> { stream in
            stream.yield(ByteBuffer(string: "{"))
            stream.finish(throwing: Broken())
        }
        #expect(try await server.send(.post, "/tokenize", RequestBody(asyncSequence: body)).status == 400)
    }

    @Test("A web page of another site gets nowhere: wrong type of body, or wrong host")
    func foreignPages() async throws {
        let server = try await TestServer()
        let reply = try await server.send(
            .post, "/tokenize", Data("{\"prompt\":\"x\"}".utf8), headers: [.contentType: "text/plain"])
        #expect(reply.status == 415)
    }

    @Test(
        "Files of the server and patterns can't be named",
        arguments: ["heads:@/etc/passwd", "regex:(a+)+$", "heads:@x=2"])
    func refusedRegions(specification: String) async throws {
        let server = try await TestServer()
        let reply = try await server.post("/tokenize", ["prompt": "aaaa", "agd": ["roi": [.string(specification)]]])
        #expect(reply.status == 400 && reply.text.contains("agd.roi"))
    }

    @Test(
        "What can't be obeyed is refused by name",
        arguments: [
            ("repetition_penalty", 1.1), ("tools", [["type": "function"]]), ("response_format", ["type": "xml"]),
            ("no_such_field", 1), ("xtc_probability", 0.5), ("seed", 1.5), ("max_tokens", 0), ("store", true),
            ("agd", ["strategy": "agd"]), ("agd", ["candidates": 1000]), ("top_logprobs", 3),
        ] as [(String, JSONValue)])
    func refused(field: String, value: JSONValue) async throws {
        let server = try await TestServer()
        let reply = try await server.post("/v1/chat/completions", .object(["messages": conflict, field: value]))
        #expect(reply.status == 400)
        #expect(try reply.json["error"]?["param"]?.string?.hasPrefix(field) == true)
    }
}
