import CLaneKernels
import CLlama

/// The processors that one computation at a time runs on: the graphics processors and servers asked for, and the CPU with its
/// threads.
///
/// Each concurrent user of a model has a stream of its own; weights are shared among them.
package final class ComputeStream {
    let backends: [ggml_backend_t?]
    private let threadPool: OpaquePointer?
    /// The threads for operations of ours, where all is computed on the CPU; and ggml with one thread, for what isn't worth more.
    let team: OpaquePointer?
    let single: ggml_backend_t?
    package let threadCount: Int
    private let servers: [RemoteServer]

    /// - Parameter threadCount: CPU threads, at least 1.
    package init(devices: [Device], threadCount: Int) throws {
        var backends: [ggml_backend_t?] = try devices.map { device in
            guard let backend = ggml_backend_dev_init(device.raw, nil) else {
                throw TensorGraphError.computationFailed(status: "device \(device) can't be opened")
            }
            return backend
        }
        guard let cpu = ggml_backend_cpu_init(), let single = ggml_backend_cpu_init() else {
            throw TensorGraphError.computationFailed(status: "the CPU backend can't be opened")
        }
        backends.append(cpu)
        self.backends = backends
        servers = devices.compactMap(\.server)
        self.threadCount = threadCount
        var parameters = ggml_threadpool_params_default(Int32(threadCount))
        // Between graphs the threads sleep at once. By default they spin for about 0.1 s, and those of idle sessions then
        // took the processors from the one at work: decoding in turns was 2.5 times slower.
        parameters.poll = 0
        threadPool = ggml_threadpool_new(&parameters)
        ggml_backend_cpu_set_n_threads(cpu, Int32(threadCount))
        ggml_backend_cpu_set_n_threads(single, 1)
        self.single = single
        team = devices.isEmpty ? lane_team_new(Int32(threadCount)) : nil
        // A lasting pool: without it ggml starts and ends its threads with every graph.
        if let threadPool { ggml_backend_cpu_set_threadpool(cpu, threadPool) }
    }

    var cpu: ggml_backend_t? { backends.last ?? nil }
    func backend(of device: Device) -> ggml_backend_t? {
        backends.first { ggml_backend_get_device($0) == device.raw } ?? nil
    }
    var hasServers: Bool { !servers.isEmpty }

    /// - Throws: ``TensorGraphError/serverLost(address:problem:)`` where what was computed so far is worth nothing.
    package func checkServers() throws {
        for server in servers { try server.link.check() }
    }

    deinit {
        lane_team_free(team)
        (backends + [single]).forEach { ggml_backend_free($0) }
        if let threadPool { ggml_threadpool_free(threadPool) }
    }
}
