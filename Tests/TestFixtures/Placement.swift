import Foundation
import LaneEngine

@testable import TensorGraph

/// Where a model lies in a test: on how many servers and graphics processors, and how many of its layers.
struct Placement: Sendable, CustomStringConvertible {
    var serverCount = 0
    /// Nil for all layers, but not the output matrix.
    var layers: Int?

    var description: String {
        (serverCount > 0 ? "\(serverCount) server\(serverCount == 1 ? "" : "s")" : "graphics processor")
            + (layers.map { ", -ngl \($0)" } ?? "")
    }

    /// On this machine's graphics processors, where ggml sees some: part of a model, beside layers on the CPU, and all of it.
    static let onGPU: [Placement] = Device.gpus.isEmpty ? [] : [Placement(layers: 1), Placement(layers: 99)]

    /// On servers, where this build can use them.
    static let onServers: [Placement] =
        RPCServer.isAvailable ? [Placement(serverCount: 1), Placement(serverCount: 2, layers: 99)] : []

    static let all = onGPU + onServers
    /// Those that compute in single precision, like the oracle.
    static let exact = all.filter(\.isExact)

    /// ggml's Vulkan backend brings the factors of products with many columns to half precision, unless it is told not to.
    var isExact: Bool {
        serverCount > 0 && Device.gpus.isEmpty || ProcessInfo.processInfo.environment["GGML_VK_DISABLE_F16"] != nil
    }

    /// What a device's numbers may differ from the oracle's by, as a share of the largest. Sums are in another order than on the CPU.
    var tolerance: Double { isExact ? 2e-4 : 2e-2 }
    static let absence =
        "no graphics processor, and no rpc-server with a build that can use it: see Documentation/devices.md"

    /// Loads a model so; servers live as long as `body` takes.
    func withModel<Result>(_ path: String, _ body: (LanguageModel) async throws -> Result) async throws -> Result {
        let servers = try (0..<serverCount).map { _ in try RPCServer() }
        var options = LanguageModel.Options()
        options.gpuLayers = layers
        options.servers = servers.map(\.address)
        options.serverPatience = .seconds(60)  // They share this machine with whatever else it does.
        let result = try await body(try LanguageModel(path: path, options: options))
        servers.forEach { $0.kill() }
        return result
    }

    func withModel<Result>(of variant: String, _ body: (LanguageModel) async throws -> Result) async throws -> Result {
        try await withModel(Oracle.directory.appending(path: "\(variant).gguf").path, body)
    }
}

/// A process of ggml's `rpc-server` on this machine, which computes on the CPU.
final class RPCServer: Sendable {
    let address: String
    private let process: Process

    private static let program = Repository.root.appending(path: ".deps/bin/rpc-server")
    static let isAvailable =
        LanguageModel.supportsServers && FileManager.default.isExecutableFile(atPath: program.path)

    /// Returns when it can be reached.
    init() throws {
        // The port is free again when the listener is gone, and nobody else is likely to take it at once.
        address = try LocalListener().address.description
        process = Process()
        process.executableURL = Self.program
        process.arguments = ["--port", String(address.split(separator: ":")[1]), "--threads", "1"]
        process.environment = ProcessInfo.processInfo.environment.filter { $0.key != "GGML_VK_VISIBLE_DEVICES" }
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        guard let target = ServerAddress(address) else { throw CocoaError(.executableLoad) }
        while process.isRunning {
            if (try? Connection.open(target, patience: .seconds(1))) != nil { return }
            Thread.sleep(forTimeInterval: 0.02)
        }
        throw CocoaError(.executableLoad)
    }

    deinit { kill() }

    func kill() { signal(SIGKILL) }

    /// Stops it where it is, as a machine that doesn't answer any more.
    func stop() { signal(SIGSTOP) }

    private func signal(_ number: Int32) {
        if process.isRunning { Foundation.kill(process.processIdentifier, number) }
    }
}
