import AttributionGuidedDecoding
import Foundation
import Hummingbird
import Testing

@testable import AGDServer

@Suite(
    "What requests cost", .enabled(if: TestServer.modelPath != nil, "Models/microcosm.gguf is absent"),
    .timeLimit(.minutes(2)))
struct RequestCostTests {
    private func served(_ change: (inout ServerConfiguration.Inference) -> Void = { _ in }) throws -> ServedModel {
        var inference = ServerConfiguration.Inference()
        (inference.sessionCount, inference.threadCount) = (1, 1)
        change(&inference)
        return try ServedModel(LanguageModel(path: TestServer.modelPath ?? ""), name: "test", configuration: inference)
    }

    @Test(
        "An answer that would be too large is refused before any of it is computed",
        arguments: [
            ["echo": true, "logprobs": 20, "n": 8],
            ["agd": ["trace": true, "candidates": 64, "roi": [["tokens": [0]]]], "n": 8, "max_tokens": 400],
            ["logprobs": 20, "n": 8, "max_tokens": 400],
        ] as [[String: JSONValue]])
    func largeAnswers(fields: [String: JSONValue]) async throws {
        let server = try await TestServer()
        let prompts = Array(repeating: JSONValue.array(Array(repeating: 5, count: 100)), count: 64)
        let reply = try await server.post(
            "/v1/completions", .object(fields.merging(["prompt": .array(prompts)]) { $1 }))
        #expect(reply.status == 400)
        #expect(try reply.json["error"]?["code"] == "answer_too_large")
        #expect(try await !server.get("/metrics").text.contains("agd_prompt_tokens_total"))
    }

    @Test("A second prompt, and passes back through the whole sequence, are counted before they are computed")
    func hiddenPasses() async throws {
        let served = try served { $0.contextLength = 512 }
        func tokens(_ agd: [String: JSONValue]) throws -> Int {
            let request = try GenerationRequest(
                chat: ["messages": conflict, "max_tokens": 10, "agd": .object(agd)], served, allowsPatterns: false)
            return RequestCost(request, served).tokens
        }
        let prompt = try tokens([:]) - 10
        #expect(try tokens(["roi": ["system"]]) == prompt + 10)
        let contrasted = try tokens(["strategy": "cad", "roi": ["system"]])
        #expect(contrasted > prompt + 20 && contrasted < 2 * prompt + 20)
        // Forward once and back for each of three candidates, at each of ten places.
        let reverse = try tokens(["strategy": "agd-reverse", "roi": ["system"], "candidates": 3])
        #expect(reverse == prompt + 10 + 4 * (10 * prompt + 50))
    }

    @Test(
        "What would take too long backwards is refused before any of it is computed",
        arguments: [("/v1/chat/completions", "max_tokens"), ("/v1/attributions", "targets")])
    func costlyBackwardPasses(path: String, field: String) async throws {
        let server = try await TestServer { $0.inference.contextLength = 32_768 }
        let isChat = path.contains("chat")
        let reply = try await server.post(
            path,
            isChat
                ? ["messages": conflict, "agd": ["strategy": "agd-reverse", "roi": ["system"]]]
                : [
                    "prompt": .array(Array(repeating: 5, count: 30_000)),
                    "targets": .array(Array(repeating: 7, count: 16)),
                ])
        #expect(reply.status == 400)
        #expect(try reply.json["error"]?["code"] == "request_too_large")
        #expect(try reply.json["error"]?["param"]?.string == field)
    }

    @Test("What is asked several times is told several times, and computed once")
    func ratedOnce() async throws {
        let server = try await TestServer()
        let choices = try await server.post(
            "/v1/completions", ["prompt": "The cat", "max_tokens": 0, "echo": true, "logprobs": 2, "n": 3]
        ).json["choices"]?.array
        #expect(choices?.count == 3)
        #expect(Set((choices ?? []).map { $0["logprobs"] }).count == 1 && choices?[0]["logprobs"] != .null)
    }

    @Test("A stream that nobody reads makes no steps")
    func unreadStream() async throws {
        let served = try served()
        let registry = PrometheusRegistry()
        let request = try GenerationRequest(
            chat: ["messages": conflict, "ignore_eos": true], served, allowsPatterns: false)
        let running = request.start(
            served, try served.pool.admit(), every: .milliseconds(1), telemetry: Telemetry(registry))
        var read = 0
        for try await event in running.events {
            if case .token = event { read += 1 }
            if read == 3 { break }
        }
        try await Task.sleep(for: .milliseconds(300))  // Enough for hundreds of steps.
        running.cancel()
        let computed = registry.text.firstMatch(of: /agd_completion_tokens_total ([0-9]+)/).flatMap { Int($0.1) }
        #expect(read == 3 && (3...4).contains(computed ?? 0))
    }

    @Test(
        "Where the queue is full, a request is refused before it is read, on every path",
        arguments: Endpoint.all.filter { $0.method == .post })
    func admittedFirst(endpoint: Endpoint) async throws {
        let server = try await TestServer {
            ($0.inference.sessionCount, $0.inference.queueLength) = (1, 0)
        }
        let place = try await server.state.model.pool.admit()
        #expect(try await server.send(.post, endpoint.path, Data("{".utf8)).status == 429)
        withExtendedLifetime(place) {}
    }

    @Test("Work whose client has gone isn't begun")
    func cancelledPreparation() async throws {
        let threads = BackgroundThreads(count: 1)
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try await threads.run { true }
        }
        await #expect(throws: CancellationError.self) { try await task.value }
    }

    @Test("Others are answered while every background thread is busy")
    func ownThreads() async throws {
        let count = 2 * ProcessInfo.processInfo.activeProcessorCount
        let threads = BackgroundThreads(count: count)
        let gate = DispatchSemaphore(value: 0)
        try await withThrowingTaskGroup(of: Void.self) { group in
            let (begun, begins) = AsyncStream<Void>.makeStream()
            for _ in 0..<count {
                group.addTask {
                    try await threads.run {
                        begins.yield()
                        gate.wait()
                    }
                }
            }
            var waiting = 0
            for await _ in begun {
                waiting += 1
                if waiting == count { break }
            }
            // On the shared pool nothing could go on here.
            #expect(await Task.detached { true }.value)
            for _ in 0..<count { gate.signal() }
            try await group.waitForAll()
        }
    }

    @Test("An error doesn't repeat what a client sent at length")
    func shortErrors() async throws {
        let server = try await TestServer()
        let digits = String(repeating: "7", count: 1_000_000)
        for body in [
            "{\"prompt\":\"x\",\"seed\":\(digits)}", "{\"prompt\":\"x\",\"\(digits)\":1}",
            "{\"prompt\":\"x\",\"model\":\"\(digits)\"}",
            "{\"prompt\":\"x\" \(digits)}",
        ] {
            let reply = try await server.send(.post, "/v1/completions", Data(body.utf8))
            #expect([400, 404].contains(reply.status) && reply.body.count < 2000, "\(reply.body.count) bytes")
        }
    }
}
