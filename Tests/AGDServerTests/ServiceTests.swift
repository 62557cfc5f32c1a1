import AttributionGuidedDecoding
import Foundation
import Hummingbird
import Testing

@testable import AGDServer

@Suite("Service", .enabled(if: TestServer.modelPath != nil, "Models/microcosm.gguf is absent"), .timeLimit(.minutes(2)))
struct ServiceTests {
    private func served(queue: Int, sessions: Int = 1) throws -> ServedModel {
        var inference = ServerConfiguration.Inference()
        inference.sessionCount = sessions
        inference.queueLength = queue
        inference.threadCount = 1
        return try ServedModel(LanguageModel(path: TestServer.modelPath ?? ""), name: "test", configuration: inference)
    }

    @Test("While the model loads, everything says 503 and when to come back")
    func loading() async throws {
        let server = try await TestServer(isLoaded: false)
        for reply in [
            try await server.get("/health"), try await server.post("/v1/chat/completions", ["messages": conflict]),
        ] {
            #expect(reply.status == 503)
            #expect(reply.headers[.retryAfter] != nil)
        }
    }

    @Test("Without the key there is nothing but the page and the state")
    func apiKey() async throws {
        let server = try await TestServer { $0.apiKey = Secret("secret") }
        #expect(try await server.get("/v1/models").status == 401)
        #expect(try await server.get("/v1/models", headers: [.authorization: "Bearer wrong!"]).status == 401)
        #expect(try await server.get("/v1/models", headers: [.authorization: "Bearer secret"]).status == 200)
        #expect(try await server.get("/health").status == 200)
        #expect(try await server.get("/").status == 200)
    }

    @Test("Another model's name is a 404, as is another path")
    func notFound() async throws {
        let server = try await TestServer()
        let reply = try await server.post("/v1/chat/completions", ["messages": conflict, "model": "other"])
        #expect(reply.status == 404)
        #expect(try reply.json["error"]?["code"]?.string == "model_not_found")
        #expect(try await server.get("/v2").json["error"]?["type"]?.string == "invalid_request_error")
    }

    @Test("A prompt that doesn't fit is a 400 with the code that clients look for")
    func tooLong() async throws {
        let server = try await TestServer { $0.inference.contextLength = 32 }
        let reply = try await server.post("/v1/completions", ["prompt": .string(String(repeating: "cat ", count: 40))])
        #expect(reply.status == 400)
        #expect(try reply.json["error"]?["code"]?.string == "context_length_exceeded")
    }

    @Test("A prompt of a megabyte is told to be too long, like any other")
    func veryLong() async throws {
        let server = try await TestServer()
        for text in [String(repeating: "a", count: 1_000_000), String(repeating: "a b\n", count: 200_000)] {
            let reply = try await server.post("/v1/completions", ["prompt": .string(text)])
            #expect(reply.status == 400)
            #expect(reply.text.contains("context_length_exceeded"))
        }
    }

    @Test("A full queue refuses, and has room again when a place is given back")
    func queue() throws {
        let pool = try served(queue: 1).pool
        var places = [try pool.admit(), try pool.admit()]
        #expect { try pool.admit() } throws: {
            ($0 as? APIError)?.status == .tooManyRequests && ($0 as? APIError)?.retryAfter != nil
        }
        places.removeLast()
        places.append(try pool.admit())
        #expect(places.count == 2)
    }

    @Test("Who waits and is cancelled leaves the queue, and the next one gets the session")
    func cancelledWaiting() async throws {
        let served = try served(queue: 8)
        let (pool, prompt) = (served.pool, try served.model.prompt(text: "Hi"))
        let (release, signal) = AsyncStream<Void>.makeStream()
        let (taken, isTaken) = AsyncStream<Void>.makeStream()
        let first = Task {
            try await pool.withSession(try pool.admit(), for: prompt, strategy: Greedy()) { _ in
                isTaken.finish()
                for await _ in release {}
            }
        }
        for await _ in taken {}
        let second = Task { try await pool.withSession(try pool.admit(), for: prompt, strategy: Greedy()) { _ in } }
        while pool.waitingCount == 0 { await Task.yield() }
        second.cancel()
        await #expect(throws: CancellationError.self) { try await second.value }
        #expect(pool.waitingCount == 0)
        let third = Task { try await pool.withSession(try pool.admit(), for: prompt, strategy: Greedy()) { _ in true } }
        signal.finish()
        try await first.value
        #expect(try await third.value)
        #expect(pool.busyCount == 0)
    }

    @Test("A cancelled answer gives its session back")
    func cancelledAnswer() async throws {
        let served = try served(queue: 0)
        let request = try GenerationRequest(
            chat: ["messages": conflict, "ignore_eos": true], served, allowsPatterns: false)
        let running = request.start(
            served, try served.pool.admit(), every: .seconds(60), telemetry: Telemetry(PrometheusRegistry()))
        await #expect(throws: CancellationError.self) {
            for try await event in running.events { if case .token = event { running.cancel() } }
        }
        // The place in the queue is given back when the task has let go of it.
        var admission: SessionPool.Admission?
        while admission == nil {
            do { admission = try served.pool.admit() } catch { await Task.yield() }
        }
        #expect(served.pool.busyCount == 0)
    }

    @Test("The description names every field of every endpoint, and the metrics count requests")
    func describes() async throws {
        let server = try await TestServer()
        let document = try await server.get("/openapi.json").json
        for endpoint in Endpoint.all {
            let operation = document["paths"]?[endpoint.path]?[endpoint.method.rawValue]
            #expect(operation?["summary"]?.string == endpoint.summary)
            let properties = operation?["requestBody"]?["content"]?["application/json"]?["schema"]?["properties"]
            for field in endpoint.fields { #expect(properties?[field.name]?["description"] != nil) }
        }
        #expect(
            try await server.get("/metrics").text.contains(
                "agd_requests_total{path=\"/openapi.json\",status=\"200\"} 1"))
    }
}
