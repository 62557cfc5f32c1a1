import Foundation
import Testing

/// Runs the built `agd` as its users do: a process of its own, with limited time and memory.
struct Command {
    struct Result {
        var status: Int32
        var wasKilled: Bool
        var standardOutput, standardError: String
    }

    /// How a request has to fail: an exit status other than 0, nothing on stdout, and a message that says why.
    static func expectError(
        _ arguments: [String], mentions words: [String], input: Data? = nil, location: SourceLocation = #_sourceLocation
    ) async throws {
        let result = try await run(arguments, input: input)
        let what = Comment(
            rawValue: "agd \(arguments.joined(separator: " ").prefix(300)): \(result.standardError.prefix(600))")
        #expect(!result.wasKilled, what, sourceLocation: location)
        #expect(result.status != 0, what, sourceLocation: location)
        #expect(result.standardOutput.isEmpty, what, sourceLocation: location)
        for word in words { #expect(result.standardError.contains(word), what, sourceLocation: location) }
    }

    /// - Parameter shell: replaces how the shell calls the program, which is `"$@"`.
    static func run(_ arguments: [String], input: Data? = nil, shell: String = "\"$@\"") async throws -> Result {
        let files = FileManager.default
        let folder = files.temporaryDirectory.appending(path: "agd-\(UUID().uuidString)")
        try files.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { _ = try? files.removeItem(at: folder) }
        let (output, error) = (folder.appending(path: "output"), folder.appending(path: "error"))
        let inputFile = folder.appending(path: "input")
        try (input ?? Data()).write(to: inputFile)
        for file in [output, error] { try Data().write(to: file) }

        let process = Process()
        process.executableURL = URL(filePath: "/bin/bash")
        // 4 GiB of address space: the models here have less than 2 MiB.
        process.arguments =
            ["-c", "ulimit -v 4194304 2>/dev/null; ulimit -c 0; \(shell)", "agd", try executable.path] + arguments
        process.environment = ProcessInfo.processInfo.environment.merging(
            ["GGML_NO_BACKTRACE": "1", "SWIFT_BACKTRACE": "enable=no", "NO_COLOR": "1"]) { $1 }
        process.standardInput = try FileHandle(forReadingFrom: inputFile)
        process.standardOutput = try FileHandle(forWritingTo: output)
        process.standardError = try FileHandle(forWritingTo: error)
        let killed = try await finish(process)
        return Result(
            status: process.terminationStatus, wasKilled: killed || process.terminationReason == .uncaughtSignal,
            standardOutput: String(decoding: try Data(contentsOf: output), as: UTF8.self),
            standardError: String(decoding: try Data(contentsOf: error), as: UTF8.self))
    }

    /// - Returns: whether the process was still running after a minute.
    private static func finish(_ process: Process) async throws -> Bool {
        try await withCheckedThrowingContinuation { continuation in
            let deadline = ContinuousClock.now.advanced(by: .seconds(60))
            process.terminationHandler = { _ in continuation.resume(returning: ContinuousClock.now >= deadline) }
            do { try process.run() } catch {
                process.terminationHandler = nil
                return continuation.resume(throwing: error)
            }
            let identifier = process.processIdentifier
            DispatchQueue.global().asyncAfter(deadline: .now() + 60) { [process] in
                if process.isRunning { kill(identifier, SIGKILL) }
            }
        }
    }

    /// `agd` lies beside the tests.
    static var executable: URL {
        get throws {
            let places = [CommandLine.arguments[0]] + Bundle.allBundles.map(\.bundlePath)
            let candidates = places.map { URL(filePath: $0).deletingLastPathComponent().appending(path: "agd") }
            return try #require(
                candidates.first { FileManager.default.isExecutableFile(atPath: $0.path) },
                "agd is not beside the tests")
        }
    }

    /// A tiny model with reference values, in the neighbouring tests.
    static func oracle(_ variant: String) -> String {
        URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "AttributionGuidedDecodingTests/Oracle/\(variant).gguf").path
    }
}

/// A file that exists while a test runs.
final class TemporaryFile {
    let path: String

    init(_ contents: Data, name: String = "file") throws {
        path = FileManager.default.temporaryDirectory.appending(path: "agd-\(UUID().uuidString)-\(name)").path
        try contents.write(to: URL(filePath: path))
    }

    convenience init(_ text: String, name: String = "file") throws { try self.init(Data(text.utf8), name: name) }

    deinit { unlink(path) }
}
