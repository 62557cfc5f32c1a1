import AttributionGuidedDecoding
import Foundation
import Synchronization
import Testing

@testable import AGDEvaluation

/// An endpoint that answers from a list; where the list ends it can't be reached.
private func cannedJudge(_ answers: [(status: Int, body: String)]) throws -> Judge {
    struct Unreachable: Error {}
    let left = Mutex(answers[...])
    return Judge(
        try ChatEndpoint(url: "http://judge.example/v1", model: "m") { request in
            #expect(request.url == "http://judge.example/v1/chat/completions" && request.method == .POST)
            guard let (status, body) = left.withLock({ $0.popFirst() }) else { throw Unreachable() }
            return (status, Data(body.utf8))
        })
}

private func chat(_ content: String) -> (status: Int, body: String) {
    (200, "{\"choices\":[{\"message\":{\"role\":\"assistant\",\"content\":\(JSONValue.string(content).text)}}]}")
}

@Suite("A judge's words become scores, or an error")
struct JudgeTests {
    private static let messages: [ChatMessage] = [.system("s"), .user("u"), .assistant("r")]
    private static let turn = JudgedTurn(
        isAligned: true, criteria: [.init(text: "polite", type: "style"), .init(text: "short", type: "format")])

    @Test("A key that no header can carry is refused without being shown", arguments: ["a\nb", "a\r\nX: y", "a\u{0}"])
    func unsendableKey(key: String) {
        let error = #expect(throws: EvaluationError.self) {
            try ChatEndpoint(url: "https://judge.example/v1", model: "m", key: Secret(key))
        }
        #expect(error?.problem.contains("control character") ?? false)
        #expect(error?.description.contains(key) == false)
    }

    @Test(
        "A key that goes to another machine in the clear is told, and no other",
        arguments: [
            ("http://judge.example/v1", "k", true), ("https://judge.example/v1", "k", false),
            ("http://localhost:8080/v1", "k", false), ("http://[::1]:8080/v1", "k", false),
            ("http://10.0.0.1/v1", nil, false),
        ] as [(String, String?, Bool)])
    func keyInClear(url: String, key: String?, isTold: Bool) throws {
        let endpoint = try ChatEndpoint(url: url, model: "m", key: key.map { Secret($0) })
        #expect(endpoint.sendsKeyInClear == isTold)
    }

    @Test("quality is the score out of ten; what isn't the object asked for is asked again")
    func quality() async throws {
        let judge = try cannedJudge([
            chat("Good."), chat("{\"score\": 11}"),
            chat("```json\n{\"score\": 7}\n```"),
        ])
        let scores = try await judge.scores(Self.messages, replies: ["r"], .checks([]))
        #expect(scores == ["quality": 0.7])
    }

    @Test("SysBench's criteria give CSR, ISR and SSR")
    func criteria() async throws {
        let judge = try cannedJudge([
            chat("{\"1\": true, \"2\": true}"), chat("{\"1\": true}"),
            chat("{\"1\": true, \"2\": false}"),
        ])
        let messages = Self.messages + [.user("u"), .assistant("q")]
        let scores = try await judge.scores(messages, replies: ["r", "q"], .judged([Self.turn, Self.turn]))
        #expect(scores == ["csr": 0.75, "isr": 0.5, "ssr": 0.5])
    }

    @Test("no score is invented where the judge fails")
    func failures() async throws {
        for answers in [[(500, "no")], [(200, "<html>")], [], Array(repeating: chat("Good."), count: 3)] {
            let judge = try cannedJudge(answers)
            await #expect(throws: EvaluationError.self) {
                try await judge.scores(Self.messages, replies: ["r"], .checks([]))
            }
        }
        #expect(throws: EvaluationError.self) { try ChatEndpoint(url: "localhost:8080", model: "m") }
    }
}
