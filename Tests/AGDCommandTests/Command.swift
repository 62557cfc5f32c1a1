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

    /// - Parameters:
    ///   - program: another than `agd` that the package builds.
    ///   - shell: replaces how the shell calls the program, which is `"$@"`.
    static func run(
        program: String = "agd", _ arguments: [String], input: Data? = nil, shell: String = "\"$@\""
    ) async throws -> Result {
        await Gate.shared.enter()
        do {
            let result = try await launch(program, arguments, input: input, shell: shell)
            await Gate.shared.leave()
            return result
        } catch {
            await Gate.shared.leave()
            throw error
        }
    }

    private static func launch(
        _ program: String, _ arguments: [String], input: Data?, shell: String
    ) async throws -> Result {
        let files = FileManager.default
        let folder = files.temporaryDirectory.appending(path: "agd-\(UUID().uuidString)")
        try files.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { _ = try? files.removeItem(at: folder) }
        let (output, error) = (folder.appending(path: "output"), folder.appending(path: "error"))
        let inputFile = folder.appending(path: "input")
        try (input ?? Data()).write(to: inputFile)
        // 4 GiB of address space: the models here have less than 2 MiB.
        let script =
            "ulimit -v 4194304 2>/dev/null; ulimit -c 0; { \(shell); } <'\(inputFile.path)' >'\(output.path)' 2>'\(error.path)'"
        let process = try spawn(["/bin/bash", "-c", script, "agd", try executable(program).path] + arguments)
        let (status, timedOut) = try await wait(for: process)
        return Result(
            // A reader that went away (SIGPIPE) is no crash.
            status: status, wasKilled: timedOut || (status >= 128 && status != 128 + SIGPIPE),
            standardOutput: String(decoding: try Data(contentsOf: output), as: UTF8.self),
            standardError: String(decoding: try Data(contentsOf: error), as: UTF8.self))
    }

    /// Foundation's `Process` is not used: with hundreds of children it brought the test process down now and then.
    private static func spawn(_ arguments: [String]) throws -> pid_t {
        // Without options that whoever runs the tests has set.
        let environment = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("AGD_") }
            .merging(["GGML_NO_BACKTRACE": "1", "SWIFT_BACKTRACE": "enable=no", "NO_COLOR": "1"]) { $1 }
        var (argv, envp) = (
            arguments.map { strdup($0) } + [nil], environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        )
        defer { (argv + envp).forEach { free($0) } }
        var process = pid_t()
        guard posix_spawn(&process, arguments[0], nil, nil, &argv, &envp) == 0 else {
            throw CocoaError(.executableLoad)
        }
        return process
    }

    /// The exit status as a shell tells it, 128 + n for signal n; a process still running after five minutes is killed.
    private static func wait(for process: pid_t) async throws -> (status: Int32, timedOut: Bool) {
        let deadline = ContinuousClock.now.advanced(by: .seconds(300))
        var (status, timedOut) = (Int32(), false)
        while waitpid(process, &status, WNOHANG) == 0 {
            if ContinuousClock.now >= deadline, !timedOut {
                timedOut = true
                kill(process, SIGKILL)
            }
            try await Task.sleep(for: .milliseconds(3))
        }
        let signal = status & 0x7F
        return (signal == 0 ? (status >> 8) & 0xFF : 128 + signal, timedOut)
    }

    /// What the package builds lies beside the tests.
    static func executable(_ name: String = "agd") throws -> URL {
        let places = [CommandLine.arguments[0]] + Bundle.allBundles.map(\.bundlePath)
        let candidates = places.map { URL(filePath: $0).deletingLastPathComponent().appending(path: name) }
        return try #require(
            candidates.first { FileManager.default.isExecutableFile(atPath: $0.path) },
            "\(name) is not beside the tests")
    }

    /// A tiny model with reference values, in the neighbouring tests.
    static func oracle(_ variant: String) -> String { file("Tests/TestFixtures/Oracle/\(variant).gguf") }

    /// A file of the repository, where it lies.
    static func file(_ path: String) -> String {
        URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: path).path
    }
}

/// Lets in as many processes as there are processors; with all cases at once the time limit would measure the queue.
private actor Gate {
    static let shared = Gate(places: max(2, ProcessInfo.processInfo.activeProcessorCount))
    private var places: Int
    private var waiting: [CheckedContinuation<Void, Never>] = []

    init(places: Int) { self.places = places }

    func enter() async {
        if places > 0 { places -= 1 } else { await withCheckedContinuation { waiting.append($0) } }
    }

    func leave() {
        if waiting.isEmpty { places += 1 } else { waiting.removeFirst().resume() }
    }
}
