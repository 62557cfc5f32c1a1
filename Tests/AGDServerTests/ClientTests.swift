import Foundation
import Testing

/// `agd serve` as a process of its own, spoken to by clients that others wrote. `Tools/client-environment.sh` installs them.
@Suite(
    "Other people's clients",
    .enabled(if: TestServer.modelPath != nil, "Models/microcosm.gguf is absent"),
    .enabled(if: Clients.python != nil, "run Tools/client-environment.sh first"), .serialized, .timeLimit(.minutes(5)))
struct ClientTests {
    @Test("OpenAI's own client is served: answers, streams, log-probabilities, traces, errors")
    func openAI() async throws { try await Clients.run("openai_client.py") { [$0] } }

    @Test("The evaluation harness measures log-likelihoods and answers")
    func evaluationHarness() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "agd-harness-\(UUID().uuidString)").path
        defer { _ = Result { try FileManager.default.removeItem(atPath: folder) } }
        try await Clients.run("evaluation_harness.py") { [$0, TestServer.modelPath ?? "", folder] }
    }

    @Test(
        "On the page one marks text, sees the answer change, and touches a token to see why",
        .enabled(if: Clients.hasChromium, "Chromium is absent"))
    func page() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "agd-page-\(UUID().uuidString)").path
        defer { _ = Result { try FileManager.default.removeItem(atPath: folder) } }
        try await Clients.run("page.py") { [$0, folder] }
    }

    @Test("SIGTERM ends a server that has nothing to do with status 0, and one that streams too")
    func terminates() async throws {
        let idle = try await ServerProcess()
        #expect(await idle.terminate() == 0)
        let busy = try await ServerProcess()
        let stream = Process()
        stream.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        stream.arguments = [
            "curl", "-sN", busy.address + "/v1/completions", "-H", "Content-Type: application/json", "-d",
            #"{"prompt":"The cat","max_tokens":400,"ignore_eos":true,"stream":true}"#,
        ]
        stream.standardOutput = Pipe()
        try stream.run()
        try await Task.sleep(for: .milliseconds(300))
        #expect(await busy.terminate() == 0)
        stream.waitUntilExit()
    }
}

enum Clients {
    static let python: String? = [".deps/clients/bin/python"].map { TestServer.repository.appending(path: $0).path }
        .first { FileManager.default.isExecutableFile(atPath: $0) }
    static let hasChromium = ["/usr/bin/chromium", "/usr/bin/chromium-browser"].contains {
        FileManager.default.isExecutableFile(atPath: $0)
    }

    /// Runs a script of `Clients/` against a server; it fails by its exit status.
    static func run(_ script: String, arguments: (String) -> [String]) async throws {
        let server = try await ServerProcess()
        let client = Process()
        client.executableURL = URL(fileURLWithPath: python ?? "python3")
        let path = TestServer.repository.appending(path: "Tests/AGDServerTests/Clients/\(script)").path
        client.arguments = [path] + arguments(server.address)
        let output = FileManager.default.temporaryDirectory.appending(path: "agd-client-\(UUID().uuidString).log")
        FileManager.default.createFile(atPath: output.path, contents: nil)
        let handle = try FileHandle(forWritingTo: output)
        (client.standardOutput, client.standardError) = (handle, handle)
        try client.run()
        while client.isRunning { try await Task.sleep(for: .milliseconds(50)) }
        let text = String(decoding: try Data(contentsOf: output), as: UTF8.self)
        try FileManager.default.removeItem(at: output)
        #expect(client.terminationStatus == 0, "\(text.suffix(3000))")
        #expect(await server.terminate() == 0)
    }
}

/// A running `agd serve` on a free port.
struct ServerProcess {
    let address: String
    private let process = Process()

    init() async throws {
        let folder = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
        process.executableURL = folder.appending(path: "agd")
        process.arguments = [
            "serve", "-m", TestServer.modelPath ?? "", "--port", "0", "-t", "1", "--cache-type", "f32",
        ]
        let log = FileManager.default.temporaryDirectory.appending(path: "agd-server-\(UUID().uuidString).log")
        FileManager.default.createFile(atPath: log.path, contents: nil)
        process.standardError = try FileHandle(forWritingTo: log)
        try process.run()
        var text = ""
        while process.isRunning, !text.contains("model loaded") {
            try await Task.sleep(for: .milliseconds(20))
            text = String(decoding: try Data(contentsOf: log), as: UTF8.self)
        }
        try FileManager.default.removeItem(at: log)
        let match = try #require(text.firstMatch(of: /http:\/\/[0-9.]+:[0-9]+/), "the server did not start: \(text)")
        address = String(match.output)
    }

    func terminate() async -> Int32 {
        process.terminate()
        while process.isRunning { await Task.yield() }
        return process.terminationStatus
    }
}
