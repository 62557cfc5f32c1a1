import AttributionGuidedDecoding
import Foundation
import Testing

@testable import AGDEvaluation

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// An endpoint that answers from a list; what it was asked is kept.
final class CannedEndpoint: URLProtocol {
    private static let lock = NSLock()
    nonisolated(unsafe) private static var answers: [String: [(Int, String)]] = [:]

    static func judge(_ answers: [(Int, String)]) throws -> Judge {
        let host = UUID().uuidString.lowercased()
        lock.withLock { self.answers[host] = answers }
        let configuration = URLSessionConfiguration.ephemeral
        configuration.protocolClasses = [CannedEndpoint.self]
        return Judge(try ChatEndpoint(url: "http://\(host)/v1", model: "m", configuration: configuration))
    }

    static func chat(_ content: String) -> (Int, String) {
        (200, "{\"choices\":[{\"message\":{\"role\":\"assistant\",\"content\":\(JSONValue.string(content).text)}}]}")
    }

    override class func canInit(with request: URLRequest) -> Bool { true }
    override class func canonicalRequest(for request: URLRequest) -> URLRequest { request }
    override func stopLoading() {}
    override func startLoading() {
        let host = request.url?.host ?? ""
        let answer = Self.lock.withLock {
            Self.answers[host]?.isEmpty == false ? Self.answers[host]?.removeFirst() : nil
        }
        guard let url = request.url, url.path == "/v1/chat/completions", request.httpMethod == "POST",
            let (status, text) = answer,
            let response = HTTPURLResponse(url: url, statusCode: status, httpVersion: nil, headerFields: nil)
        else {
            client?.urlProtocol(self, didFailWithError: URLError(.badURL))
            return
        }
        client?.urlProtocol(self, didReceive: response, cacheStoragePolicy: .notAllowed)
        client?.urlProtocol(self, didLoad: Data(text.utf8))
        client?.urlProtocolDidFinishLoading(self)
    }
}

@Suite("A judge's words become scores, or an error")
struct JudgeTests {
    private static let messages: [ChatMessage] = [.system("s"), .user("u"), .assistant("r")]
    private static let turn = JudgedTurn(
        isAligned: true, criteria: [.init(text: "polite", type: "style"), .init(text: "short", type: "format")])

    @Test("quality is the score out of ten; what isn't the object asked for is asked again")
    func quality() async throws {
        let judge = try CannedEndpoint.judge([
            CannedEndpoint.chat("Good."), CannedEndpoint.chat("{\"score\": 11}"),
            CannedEndpoint.chat("```json\n{\"score\": 7}\n```"),
        ])
        let scores = try await judge.scores(Self.messages, replies: ["r"], .checks([]))
        #expect(scores == ["quality": 0.7])
    }

    @Test("SysBench's criteria give CSR, ISR and SSR")
    func criteria() async throws {
        let judge = try CannedEndpoint.judge([
            CannedEndpoint.chat("{\"1\": true, \"2\": true}"), CannedEndpoint.chat("{\"1\": true}"),
            CannedEndpoint.chat("{\"1\": true, \"2\": false}"),
        ])
        let messages = Self.messages + [.user("u"), .assistant("q")]
        let scores = try await judge.scores(messages, replies: ["r", "q"], .judged([Self.turn, Self.turn]))
        #expect(scores == ["csr": 0.75, "isr": 0.5, "ssr": 0.5])
    }

    @Test("no score is invented where the judge fails")
    func failures() async throws {
        for answers in [[(500, "no")], [(200, "<html>")], [], Array(repeating: CannedEndpoint.chat("Good."), count: 3)]
        {
            let judge = try CannedEndpoint.judge(answers)
            await #expect(throws: EvaluationError.self) {
                try await judge.scores(Self.messages, replies: ["r"], .checks([]))
            }
        }
        #expect(throws: EvaluationError.self) { try ChatEndpoint(url: "localhost:8080", model: "m") }
    }
}
