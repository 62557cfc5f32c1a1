import Foundation
import Testing

/// `agd serve` as a process of its own, spoken to by clients that others wrote. `Tools/client-environment.sh` installs them.
@Suite(
    "Other people's clients",
    .enabled(if: TestServer.modelPath != nil, "Models/microcosm.gguf is absent"),
    .enabled(if: Clients.python != nil, "run Tools/client-environment.sh first"), .serialized, .timeLimit(.minutes(5)))
struct ClientTests {
    @Test("OpenAI's own client is served: answers, streams, log-probabilities, traces, errors")
    func openAI() async throws { try await Clients.serve("openai_client.py") { [$0] } }

    @Test(
        "Anthropic's client, LangChain, LlamaIndex, LiteLLM and llm are served, with tools, and Open WebUI's requests",
        .enabled(if: Clients.more != nil, "run Tools/client-environment.sh more first"))
    func moreClients() async throws {
        let copy = FileManager.default.temporaryDirectory.appending(path: "agd-tools-\(UUID().uuidString).gguf").path
        defer { _ = Result { try FileManager.default.removeItem(atPath: copy) } }
        try await Clients.run("tools_copy.py", [TestServer.modelPath ?? "", copy])
        try await Clients.serve("more_clients.py", model: copy, with: Clients.more) { [$0] }
    }

    @Test("The evaluation harness measures HuggingFace's log-likelihoods on a copy in single precision, and answers")
    func evaluationHarness() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "agd-harness-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { _ = Result { try FileManager.default.removeItem(at: folder) } }
        let copy = folder.appending(path: "float32.gguf").path
        try await Clients.run("float32_copy.py", [TestServer.modelPath ?? "", copy])
        try await Clients.serve("evaluation_harness.py", model: copy) { [$0, copy, folder.path] }
    }

    @Test("Requests drawn from the description, most of them wrong, are answered and never a 500")
    func fuzz() async throws { try await Clients.serve("fuzz.py") { [$0, "--count", "1000"] } }

    @Test("With a key too, and nothing is answered without it, however its path is spelt")
    func fuzzWithKey() async throws {
        try await Clients.serve("fuzz.py", options: ["--api-key", "k"]) { [$0, "--count", "1000", "--key", "k"] }
    }

    @Test("Schemathesis finds no answer that the description doesn't announce")
    func conformance() async throws {
        try await Clients.serve("conformance.py", options: ["--api-key", "k"]) { [$0, "k"] }
    }

    @Test(
        "The page moves marks with edits, draws Markdown of elements it knows, and takes its own files back",
        .enabled(if: Clients.hasChromium, "Chromium is absent"))
    func pageModules() async throws { try await Clients.serve("page_modules.py") { [$0] } }

    @Test(
        "On the page one talks, marks, edits, compares, asks why, and loses nothing: by mouse, by keyboard, on a phone",
        .enabled(if: Clients.hasChromium, "Chromium is absent"))
    func page() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "agd-page-\(UUID().uuidString)").path
        defer { _ = Result { try FileManager.default.removeItem(atPath: folder) } }
        try await Clients.serve("page.py") { [$0, folder] }
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
        stream.standardOutput = FileHandle.nullDevice
        try stream.run()
        try await Task.sleep(for: .milliseconds(300))
        #expect(await busy.terminate() == 0)
        stream.waitUntilExit()
    }
}

enum Clients {
    static let python = python(in: "clients")
    /// With the larger libraries.
    static let more = python(in: "more-clients")
    static let hasChromium = ["/usr/bin/chromium", "/usr/bin/chromium-browser"].contains {
        FileManager.default.isExecutableFile(atPath: $0)
    }

    private static func python(in environment: String) -> String? {
        let path = TestServer.repository.appending(path: ".deps/\(environment)/bin/python").path
        return FileManager.default.isExecutableFile(atPath: path) ? path : nil
    }

    /// Runs a script of `Clients/` against a server of its own.
    static func serve(
        _ script: String, model: String? = TestServer.modelPath, options: [String] = [], with python: String? = python,
        arguments: (String) -> [String]
    ) async throws {
        let server = try await ServerProcess(model: model ?? "", options: options)
        try await run(script, arguments(server.address), with: python)
        #expect(await server.terminate() == 0)
    }

    /// Runs a script of `Clients/`; it fails by its exit status.
    static func run(_ script: String, _ arguments: [String], with python: String? = python) async throws {
        let client = Process()
        client.executableURL = URL(fileURLWithPath: python ?? "python3")
        let path = TestServer.repository.appending(path: "Tests/AGDServerTests/Clients/\(script)").path
        client.arguments = [path] + arguments
        let output = FileManager.default.temporaryDirectory.appending(path: "agd-client-\(UUID().uuidString).log")
        try Data().write(to: output)
        let handle = try FileHandle(forWritingTo: output)
        (client.standardOutput, client.standardError) = (handle, handle)
        try client.run()
        while client.isRunning { try await Task.sleep(for: .milliseconds(50)) }
        let text = String(decoding: try Data(contentsOf: output), as: UTF8.self)
        try FileManager.default.removeItem(at: output)
        #expect(client.terminationStatus == 0, "\(text.suffix(3000))")
    }
}

/// A running `agd serve` on a free port.
struct ServerProcess {
    let address: String
    private let process = Process()

    init(model: String = TestServer.modelPath ?? "", options: [String] = []) async throws {
        let folder = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
        process.executableURL = folder.appending(path: "agd")
        process.arguments =
            [
                "serve", "-m", model, "--port", "0", "-t", "1", "--cache-type", "f32",
            ] + options
        let log = FileManager.default.temporaryDirectory.appending(path: "agd-server-\(UUID().uuidString).log")
        try Data().write(to: log)
        process.standardError = try FileHandle(forWritingTo: log)
        try process.run()
        var text = ""
        // A small model may be loaded before the server listens.
        while process.isRunning, !(text.contains("model loaded") && text.contains("address=")) {
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
