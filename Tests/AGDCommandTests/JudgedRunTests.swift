import Foundation
import Testing

@testable import TestFixtures

@Suite("A run of agd eval with a judge")
struct JudgedRunTests {
    /// Answers each question of a judge with a score made from its length; from the third on with status 503, until asked
    /// with the key `patient`.
    private static let judge = """
        import http.server, json
        asked = 0
        class Judge(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                global asked
                asked += 1
                prompt = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["messages"][0]["content"]
                answer = {"choices": [{"message": {"content": json.dumps({"score": 1 + len(prompt) % 10})}}]}
                isPatient = self.headers["Authorization"] == "Bearer patient"
                self.send_response(200 if self.path == "/v1/chat/completions" and (isPatient or asked < 3) else 503)
                body = json.dumps(answer).encode()
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
            def log_message(self, *arguments): pass
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Judge)
        print(server.server_port, flush=True)
        server.serve_forever()
        """

    private static func arguments(_ output: String, judge: String) -> [String] {
        let data = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Models/microcosm-conflicts.jsonl").path
        return [
            "eval", "microcosm", "--data", data, "-m", CommandLineTests.model, "-t", "1", "-n", "16", "--limit", "1",
            "--strategy", "greedy", "--output", output, "--judge", judge, "--judge-model", "m",
        ]
    }

    @Test("has its scores, and goes on to the same file where the judge failed in between")
    func resumes() async throws {
        let (server, output) = (Process(), Pipe())
        server.executableURL = URL(filePath: "/usr/bin/env")
        server.arguments = ["python3", "-c", Self.judge]
        (server.standardOutput, server.standardError) = (output, FileHandle.nullDevice)
        try server.run()
        defer { kill(server.processIdentifier, SIGKILL) }
        let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
        let port = try #require(Int(line.trimmingCharacters(in: .whitespacesAndNewlines)))
        let address = "http://127.0.0.1:\(port)/v1"
        let (whole, broken) = (try TemporaryFile("", name: "whole.jsonl"), try TemporaryFile("", name: "broken.jsonl"))

        try await Command.expectError(
            Self.arguments(broken.path, judge: address), mentions: ["field 'judge'", "answered with status 503"])
        let patient = "AGD_JUDGE_KEY=patient \"$@\""
        for file in [broken, whole] {
            let result = try await Command.run(Self.arguments(file.path, judge: address), shell: patient)
            #expect(result.status == 0 && result.standardOutput.contains("quality"), "\(result.standardError)")
            // The key doesn't leave the machine.
            #expect(!result.standardError.contains("unencrypted"))
        }
        let bytes = try Data(contentsOf: URL(filePath: whole.path))
        #expect(try Data(contentsOf: URL(filePath: broken.path)) == bytes)
        #expect(String(decoding: bytes, as: UTF8.self).contains("\"quality\""))
    }

    @Test("is told where its key goes to another machine over plain http")
    func keyInClear() async throws {
        for (scheme, isTold) in [("http", true), ("https", false)] {
            let file = try TemporaryFile("", name: "run.jsonl")
            let arguments = Self.arguments(file.path, judge: "\(scheme)://no-such-host.invalid/v1")
            let result = try await Command.run(arguments, shell: "AGD_JUDGE_KEY=secret \"$@\"")
            #expect(result.standardError.contains("AGD_JUDGE_KEY goes there unencrypted") == isTold)
        }
    }

    @Test("names a judge that nobody hears")
    func unreachable() async throws {
        for judge in ["http://127.0.0.1:9/v1", "http://no-such-host.invalid/v1"] {
            let file = try TemporaryFile("", name: "run.jsonl")
            try await Command.expectError(
                Self.arguments(file.path, judge: judge), mentions: [judge, "can't be reached (", "check that it runs"])
        }
    }
}
