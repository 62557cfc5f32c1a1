import CLaneKernels
import CLlama

/// Memory that graphs are placed in, one after the other. It grows with the largest, and is given back at the end.
package final class GraphMemory {
    private var scheduler: ggml_backend_sched_t?
    private var capacity = 0
    private var stream: ComputeStream?  // The scheduler refers to its backends.

    package init() {}

    deinit { ggml_backend_sched_free(scheduler) }

    /// A scheduler for a graph, and nobody else's.
    fileprivate func scheduler(for graph: Graph, on stream: ComputeStream) throws -> ggml_backend_sched_t {
        if let scheduler, graph.capacity <= capacity, self.stream === stream {
            ggml_backend_sched_reset(scheduler)
            return scheduler
        }
        ggml_backend_sched_free(scheduler)
        (self.stream, capacity) = (stream, graph.capacity)
        var backends = stream.backends
        scheduler = ggml_backend_sched_new(&backends, nil, Int32(backends.count), capacity, false, true)
        guard let scheduler else { throw TensorGraphError.outOfMemory(purpose: "the scheduler", byteCount: 0) }
        return scheduler
    }
}

/// A graph placed in memory, ready to be computed again and again with new inputs.
package final class GraphPlan {
    package let graph: Graph
    let scheduler: ggml_backend_sched_t
    let stream: ComputeStream
    private let memory: GraphMemory
    /// On the CPU, what is computed one after the other.
    private var sections: [Section] = []
    private var context: OpaquePointer?

    /// Operations of one kind that follow each other.
    private enum Section {
        /// Ours, done by the stream's team.
        case steps(UnsafeMutableBufferPointer<lane_step>)
        /// Those of ggml.
        case graph(OpaquePointer, on: ggml_backend_t)
    }

    /// - Parameter memory: of plans that are no longer computed.
    package init(_ graph: Graph, on stream: ComputeStream, in memory: GraphMemory = GraphMemory()) throws {
        self.graph = graph
        self.stream = stream
        self.memory = memory
        scheduler = try memory.scheduler(for: graph, on: stream)
        // Operations of ours are functions of this process; a server would take their addresses for its own.
        for step in graph.steps.keys { ggml_backend_sched_set_tensor_backend(scheduler, step, stream.cpu) }
        for (step, device) in graph.deviceSteps {
            ggml_backend_sched_set_tensor_backend(scheduler, step, stream.backend(of: device))
        }
        try checkSupport()
        guard BackendLog.capturing({ ggml_backend_sched_alloc_graph(scheduler, graph.raw) }).result else {
            try stream.checkServers()
            throw TensorGraphError.outOfMemory(purpose: "intermediate results", byteCount: 0)
        }
        try stream.checkServers()
        if stream.team != nil, !graph.steps.isEmpty { try divide() }
    }

    deinit {
        for case .steps(let steps) in sections {
            lane_team_forget(stream.team, steps.baseAddress)
            steps.deallocate()
        }
        if let context { ggml_free(context) }
    }

    /// Bytes of memory that hold inputs and intermediate results.
    package var byteCount: Int {
        stream.backends.reduce(0) { $0 + ggml_backend_sched_get_buffer_size(scheduler, $1) }
    }

    /// Computes the graph's outputs from its inputs, and returns what `read` makes of them. Results that lie on a server can't be had
    /// otherwise: they are worth nothing where it has been lost by then.
    /// - Throws: ``TensorGraphError``, and what `read` throws.
    package func compute<Result>(reading read: () throws -> Result) throws -> Result {
        try compute()
        let result = try read()
        try stream.checkServers()
        return result
    }

    /// Computes the graph's outputs from its inputs; blocks until they are there.
    package func compute() throws {
        guard !sections.isEmpty else { return try computeByScheduler() }
        for section in sections {
            switch section {
            case .steps(let steps): lane_team_run(stream.team, steps.baseAddress, steps.count)
            case .graph(let part, let backend): try check(ggml_backend_graph_compute(backend, part))
            }
        }
    }

    private func computeByScheduler() throws {
        let status =
            stream.hasServers
            ? RemoteServer.turn.withLock { _ in ggml_backend_sched_graph_compute(scheduler, graph.raw) }
            : ggml_backend_sched_graph_compute(scheduler, graph.raw)
        try check(status)
    }

    private func check(_ status: ggml_status) throws {
        guard status == GGML_STATUS_SUCCESS else {
            throw TensorGraphError.computationFailed(status: String(cString: ggml_status_to_string(status)))
        }
    }

    /// Cuts the graph where operations of ours and ggml's meet. Where too many of ggml's want all threads, which take turns with
    /// ours and are slow to wake, ggml's go through the whole graph.
    private func divide() throws {
        var runs: [[UnsafeMutablePointer<ggml_tensor>]] = []
        for node in nodes {
            if let last = runs.last?.last, (graph.steps[last] == nil) == (graph.steps[node] == nil) {
                runs[runs.count - 1].append(node)
            } else {
                runs.append([node])
            }
        }
        let wide = runs.filter { run in graph.steps[run[0]] == nil && !run.allSatisfy(Self.isSmall) }
        guard wide.count <= 2 else { return }
        let byteCount = runs.reduce(0) {
            $0 + (graph.steps[$1[0]] == nil ? ggml_graph_overhead_custom($1.count, false) : 0)
        }
        guard let context = ggml_init(ggml_init_params(mem_size: byteCount, mem_buffer: nil, no_alloc: true)),
            let cpu = stream.backends.last ?? nil, let single = stream.single
        else {
            throw TensorGraphError.outOfMemory(purpose: "a computation graph", byteCount: byteCount)
        }
        self.context = context
        for run in runs {
            let steps = run.compactMap { graph.steps[$0]?.pointee }
            if steps.isEmpty, let part = ggml_new_graph_custom(context, run.count, false) {
                run.forEach { ggml_graph_add_node(part, $0) }
                sections.append(.graph(part, on: run.allSatisfy(Self.isSmall) ? single : cpu))
            } else {
                let copies = UnsafeMutableBufferPointer<lane_step>.allocate(capacity: steps.count)
                _ = copies.initialize(from: steps)
                sections.append(.steps(copies))
            }
        }
    }

    static func isView(_ node: UnsafeMutablePointer<ggml_tensor>) -> Bool {
        [GGML_OP_NONE, GGML_OP_VIEW, GGML_OP_RESHAPE, GGML_OP_PERMUTE, GGML_OP_TRANSPOSE].contains(node.pointee.op)
    }

    /// Whether a node takes one thread less time than it takes others to wake up, or has nothing for them: ggml shares out rows.
    private static func isSmall(_ node: UnsafeMutablePointer<ggml_tensor>) -> Bool {
        let products = [GGML_OP_MUL_MAT, GGML_OP_MUL_MAT_ID, GGML_OP_OUT_PROD, GGML_OP_FLASH_ATTN_EXT]
        return (ggml_nelements(node) <= 1 << 16 || ggml_nrows(node) == 1) && !products.contains(node.pointee.op)
    }
}
