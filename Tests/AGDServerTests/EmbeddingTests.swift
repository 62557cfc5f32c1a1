import CLlama
import Foundation
import Testing

@testable import AGDServer
@testable import AttributionGuidedDecoding
@testable import TestFixtures

@Suite("Embeddings", .enabled(if: TestServer.modelPath != nil, "Models/microcosm.gguf is absent"))
struct EmbeddingTests {
    private static let texts = ["The cat is in the garden.", "Petra has a wolf."]

    private func serving(_ pooling: Pooling) async throws -> TestServer {
        var changed = try ChangedModel()
        try changed.addPooling(pooling)
        return try await TestServer(model: changed.load())
    }

    private func vectors(_ reply: TestServer.Reply) throws -> [[Double]] {
        try (reply.json["data"]?.array ?? []).map { ($0["embedding"]?.array ?? []).compactMap(\.double) }
    }

    @Test(
        "A text's vector is libllama's, pooled as the file says",
        arguments: [Pooling.mean, .last])
    func sameAsLibllama(pooling: Pooling) async throws {
        let reference = pooling == .mean ? LLAMA_POOLING_TYPE_MEAN : LLAMA_POOLING_TYPE_LAST
        let server = try await serving(pooling)
        let texts = Self.texts + [String(repeating: Self.texts[0] + " ", count: 30)]
        let reply = try await server.post("/v1/embeddings", ["input": .array(texts.map(JSONValue.string))])
        let found = try vectors(reply)
        try #require(found.count == texts.count, "\(reply.text.prefix(300))")
        var tokenCount = 0
        for (text, vector) in zip(texts, found) {
            let tokens = try await server.post("/tokenize", ["prompt": .string(text)]).json["tokens"]?.array ?? []
            let ids = tokens.compactMap { $0["id"]?.integer }
            tokenCount += ids.count
            let expected = try LlamaReference.embedding(
                model: TestServer.modelPath ?? "", of: ids, pooling: reference)
            let cosine = zip(vector, expected).reduce(0.0) { $0 + $1.0 * Double($1.1) }
            #expect(vector.count == expected.count && cosine > 0.9999, "\(cosine)")
            let square = vector.reduce(0.0) { $0 + $1 * $1 }
            #expect(abs(square - 1) < 1e-5)
        }
        #expect(try reply.json["usage"]?["prompt_tokens"]?.integer == tokenCount)
    }

    @Test("A vector is the same after another text, after its own beginning, and as token ids")
    func repeated() async throws {
        let server = try await serving(.last)
        let ids = try await server.post("/tokenize", ["prompt": .string(Self.texts[0])]).json["tokens"]?.array ?? []
        let requests: [JSONValue] = [
            .string(Self.texts[0]), .string(Self.texts[1]), .string(Self.texts[0]), .string(Self.texts[0] + " Or not."),
            .array(ids.compactMap { $0["id"] }), .array([5]), .array([5]),
        ]
        var found: [[Double]] = []
        for input in requests { found += try await vectors(server.post("/v1/embeddings", ["input": input])) }
        func distance(_ a: Int, _ b: Int) -> Double { zip(found[a], found[b]).map { abs($0 - $1) }.max() ?? 1 }
        try #require(found.count == 7)
        #expect(distance(0, 2) < 1e-5 && distance(0, 4) < 1e-5 && distance(5, 6) < 1e-5 && distance(0, 1) > 1e-3)
    }

    @Test("Numbers can be had as bytes")
    func base64() async throws {
        let server = try await serving(.last)
        let numbers = try await vectors(server.post("/v1/embeddings", ["input": "Hi"]))[0]
        let reply = try await server.post("/v1/embeddings", ["input": "Hi", "encoding_format": "base64"]).json
        let bytes = try #require(Data(base64Encoded: reply["data"]?.array?[0]["embedding"]?.string ?? ""))
        var words: [UInt32] = []
        for (place, byte) in bytes.enumerated() {
            if place % 4 == 0 { words.append(0) }
            words[place / 4] |= UInt32(byte) << UInt32(8 * (place % 4))
        }
        #expect(words.count == numbers.count)
        let floats = words.map { Double(Float(bitPattern: $0)) }
        #expect(zip(floats, numbers).allSatisfy { abs($0 - $1) < 1e-7 })
    }

    @Test(
        "A model whose file says nothing of them, or what a decoder can't do, makes none, and says why",
        arguments: [nil, Pooling.unpooled, Pooling.firstToken, Pooling.rank])
    func refused(pooling: Pooling?) async throws {
        let server = if let pooling { try await serving(pooling) } else { try await TestServer() }
        let reply = try await server.post("/v1/embeddings", ["input": "Hi"])
        #expect(try reply.status == 400 && reply.json["error"]?["code"] == "no_embeddings")
        #expect(reply.text.contains("llama.pooling_type"))
    }

    @Test("More than a request may cost is refused before any of it is computed")
    func cost() async throws {
        let server = try await serving(.mean)
        let long = JSONValue.array(Array(repeating: .number(5), count: 400))
        for (input, code) in [
            (JSONValue.array(Array(repeating: long, count: 1000)), "request_too_large"),
            (.string(String(repeating: "cat ", count: 50_000)), "context_length_exceeded"),
        ] {
            let reply = try await server.post("/v1/embeddings", ["input": input])
            #expect(reply.status == 400)
            #expect(try reply.json["error"]?["code"]?.string == code && reply.json["error"]?["param"] == "input")
        }
    }
}
