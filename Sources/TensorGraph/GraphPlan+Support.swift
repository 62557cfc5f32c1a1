import CLlama

/// Where the operations of a graph run.
extension GraphPlan {
    /// Refuses what ggml would end the process for: an operation whose result lies in memory of a processor that can't do it, or that
    /// none can do. Whatever else a device lacks, the scheduler leaves to the CPU.
    func checkSupport() throws {
        for node in nodes where graph.steps[node] == nil {
            let home = node.pointee.buffer ?? node.pointee.view_src?.pointee.buffer
            let type = home.map { ggml_backend_buffer_get_type($0) }
            let isPossible = stream.backends.contains { backend in
                ggml_backend_supports_op(backend, node) && type.map { ggml_backend_supports_buft(backend, $0) } ?? true
            }
            guard isPossible else {
                throw TensorGraphError.unsupportedOperation(
                    operation: Self.name(of: node),
                    device: home.map { String(cString: ggml_backend_buffer_name($0)) } ?? "No processor here")
            }
        }
    }

    /// How many operations run on a device.
    package func operationCount(on device: Device) -> Int { nodes.count { self.device(of: $0) == device.raw } }

    /// Operations that the CPU does because `device` can't: how many of each kind, such as `MUL_MAT q4_K`.
    package func operationsLacking(on device: Device) -> [String: Int] {
        let lacking = nodes.filter { node in
            graph.steps[node] == nil && self.device(of: node) == Device.cpu.raw
                && !ggml_backend_dev_supports_op(device.raw, node)
        }
        return Dictionary(lacking.map { (Self.name(of: $0), 1) }, uniquingKeysWith: +)
    }

    private func device(of node: UnsafeMutablePointer<ggml_tensor>) -> ggml_backend_dev_t? {
        ggml_backend_sched_get_tensor_backend(scheduler, node).flatMap { ggml_backend_get_device($0) }
    }

    /// All but those that only count elements otherwise.
    var nodes: [UnsafeMutablePointer<ggml_tensor>] {
        (0..<ggml_graph_n_nodes(graph.raw)).compactMap { ggml_graph_node(graph.raw, $0) }.filter { !Self.isView($0) }
    }

    /// With the type of what is multiplied, read or written, which decides who can.
    private static func name(of node: UnsafeMutablePointer<ggml_tensor>) -> String {
        let name = String(cString: ggml_op_name(node.pointee.op))
        let isTyped = [GGML_OP_MUL_MAT, GGML_OP_MUL_MAT_ID, GGML_OP_GET_ROWS, GGML_OP_CPY].contains(node.pointee.op)
        let type =
            isTyped ? node.pointee.src.0?.pointee.type : node.pointee.op == GGML_OP_SET_ROWS ? node.pointee.type : nil
        return type.map { "\(name) \(ElementType(raw: $0))" } ?? name
    }
}
