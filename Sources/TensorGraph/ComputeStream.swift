import CLlama

/// The processors that one computation at a time runs on: the graphics processors asked for, and the CPU with its threads.
///
/// Each concurrent user of a model has a stream of its own; weights are shared among them.
package final class ComputeStream {
    let backends: [ggml_backend_t?]
    private let threadPool: OpaquePointer?
    package let threadCount: Int

    /// - Parameter threadCount: CPU threads, at least 1.
    package init(devices: [Device], threadCount: Int) throws {
        var backends: [ggml_backend_t?] = try devices.map { device in
            guard let backend = ggml_backend_dev_init(device.raw, nil) else {
                throw TensorGraphError.computationFailed(status: "device \(device) can't be opened")
            }
            return backend
        }
        guard let cpu = ggml_backend_cpu_init() else {
            throw TensorGraphError.computationFailed(status: "the CPU backend can't be opened")
        }
        backends.append(cpu)
        self.backends = backends
        self.threadCount = threadCount
        var parameters = ggml_threadpool_params_default(Int32(threadCount))
        // Between graphs the threads sleep at once. By default they spin for about 0.1 s, and those of idle sessions then
        // took the processors from the one at work: decoding in turns was 2.5 times slower.
        parameters.poll = 0
        threadPool = ggml_threadpool_new(&parameters)
        ggml_backend_cpu_set_n_threads(cpu, Int32(threadCount))
        // A lasting pool: without it ggml starts and ends its threads with every graph.
        if let threadPool { ggml_backend_cpu_set_threadpool(cpu, threadPool) }
    }

    deinit {
        backends.forEach { ggml_backend_free($0) }
        if let threadPool { ggml_threadpool_free(threadPool) }
    }
}

/// A graph placed in memory, ready to be computed again and again with new inputs.
package final class GraphPlan {
    package let graph: Graph
    private let scheduler: ggml_backend_sched_t
    private let stream: ComputeStream  // The scheduler refers to its backends.

    package init(_ graph: Graph, on stream: ComputeStream) throws {
        self.graph = graph
        self.stream = stream
        var backends = stream.backends
        guard let scheduler = ggml_backend_sched_new(&backends, nil, Int32(backends.count), graph.capacity, false, true)
        else {
            throw TensorGraphError.outOfMemory(purpose: "the scheduler", byteCount: 0)
        }
        self.scheduler = scheduler
        guard BackendLog.capturing({ ggml_backend_sched_alloc_graph(scheduler, graph.raw) }).result else {
            throw TensorGraphError.outOfMemory(purpose: "intermediate results", byteCount: 0)
        }
    }

    deinit { ggml_backend_sched_free(scheduler) }

    /// Bytes of memory that hold inputs and intermediate results.
    package var byteCount: Int {
        stream.backends.reduce(0) { $0 + ggml_backend_sched_get_buffer_size(scheduler, $1) }
    }

    /// Computes the graph's outputs from its inputs; blocks until they are there.
    package func compute() throws {
        let status = ggml_backend_sched_graph_compute(scheduler, graph.raw)
        guard status == GGML_STATUS_SUCCESS else {
            throw TensorGraphError.computationFailed(status: String(cString: ggml_status_to_string(status)))
        }
    }
}
