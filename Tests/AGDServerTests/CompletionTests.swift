import AttributionGuidedDecoding
import Foundation
import Testing

@testable import AGDServer

@Suite("Completions and attributions", .enabled(if: TestServer.modelPath != nil, "Models/microcosm.gguf is absent"))
struct CompletionTests {
    @Test(
        "With echo every token of a prompt is rated, wherever its last chunk ends", arguments: [1, 2, 3, 129, 130, 258])
    func echoRatesEveryToken(count: Int) async throws {
        let server = try await TestServer()
        let prompt = JSONValue.array((0..<count).map { .number(Double(5 + $0 % 7)) })
        let reply = try await server.post(
            "/v1/completions", ["prompt": prompt, "max_tokens": 0, "echo": true, "logprobs": 0]
        ).json
        let rated = reply["choices"]?[0]?["logprobs"]?["token_logprobs"]?.array ?? []
        #expect(rated.count == count && rated.dropFirst().allSatisfy { $0.double != nil })
    }

    @Test("With echo, a text's tokens have the probabilities that generating them one by one reports")
    func echoAgreesWithGeneration() async throws {
        let server = try await TestServer()
        let generated = try await server.post(
            "/v1/completions",
            ["prompt": "The cat", "max_tokens": 6, "logprobs": 3, "ignore_eos": true, "agd": ["trace": true]]
        ).json
        let trace = generated["choices"]?[0]?["agd"]
        let tokens = (trace?["prompt_tokens"]?.array ?? []) + (trace?["steps"]?.array ?? []).compactMap { $0["chosen"] }
        let echoed = try await server.post(
            "/v1/completions", ["prompt": .array(tokens), "max_tokens": 1, "echo": true, "logprobs": 3]
        ).json
        let own = generated["choices"]?[0]?["logprobs"]?["token_logprobs"]?.array?.compactMap(\.double) ?? []
        let rated = echoed["choices"]?[0]?["logprobs"]?["token_logprobs"]?.array ?? []
        #expect(rated.first == .null)
        let last = rated.dropLast().suffix(own.count).compactMap(\.double)
        #expect(own.count == 6 && last.count == 6)
        #expect(zip(own, last).allSatisfy { abs($0 - $1) < 1e-4 })
        #expect(echoed["choices"]?[0]?["text"]?.string?.hasPrefix("The cat") ?? false)
    }

    @Test("Several prompts get an answer each, in their order")
    func batches() async throws {
        let server = try await TestServer()
        let both = try await server.post(
            "/v1/completions", ["prompt": ["The cat", "A river"], "max_tokens": 3, "echo": true]
        ).json
        let one = try await server.post("/v1/completions", ["prompt": "A river", "max_tokens": 3, "echo": true]).json
        #expect(both["choices"]?.array?.count == 2)
        #expect(both["choices"]?[1]?["text"] == one["choices"]?[0]?["text"])
    }

    @Test("A region's score is the sum of its tokens' relevances, in either mode of computing it")
    func attributionsAddUp() async throws {
        let server = try await TestServer()
        let roi: JSONValue = [
            "roi": ["system"], "entropy_threshold": "off", "trace": true, "candidates": 3, "min_probability": 0,
        ]
        let step = try await server.post("/v1/chat/completions", ["messages": conflict, "max_tokens": 1, "agd": roi])
            .json["choices"]?[0]?["agd"]?["steps"]?[0]
        let candidates = step?["candidates"]?.array ?? []
        let attributions = try await server.post(
            "/v1/attributions",
            [
                "messages": conflict, "agd": ["roi": ["system"]], "targets": .array(candidates.compactMap { $0["id"] }),
            ]
        ).json
        let tokens =
            try await server.post("/tokenize", ["messages": conflict, "agd": ["roi": ["system"]]]).json["tokens"]?.array
            ?? []
        #expect(candidates.count == 3)
        for (candidate, target) in zip(candidates, attributions["targets"]?.array ?? []) {
            let sum = zip(tokens, target["tokens"]?.array ?? []).reduce(0.0) {
                $0 + ($1.0["weight"]?.double ?? 0) * ($1.1.double ?? 0)
            }
            #expect(abs(sum - (target["roi_score"]?.double ?? .nan)) < 1e-6)
            #expect(abs(sum - (candidate["score"]?.double ?? .nan)) < 1e-2 * max(1, abs(sum)))
        }
    }
}
