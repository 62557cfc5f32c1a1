import CLlama

/// Tensors that live between computations, such as caches. They start as zeros.
package final class TensorBuffer {
    package let tensors: [Tensor]
    private let context: OpaquePointer
    private let buffer: ggml_backend_buffer_t
    private let device: Device

    /// One tensor for each shape, all on `device`.
    package init(_ shapes: [(type: ElementType, shape: [Int])], on device: Device, purpose: String) throws {
        let byteCount = shapes.reduce(0) { $0 + $1.type.byteCount(of: $1.shape.reduce(1, *)) }
        if device.isCPU { try AvailableMemory.require(Double(byteCount), for: purpose) }
        let size = device.memory.total
        guard size == 0 || byteCount <= size else {
            throw TensorGraphError.outOfMemory(purpose: purpose, byteCount: byteCount)
        }
        let overhead = ggml_tensor_overhead() * (shapes.count + 1)
        guard let context = ggml_init(ggml_init_params(mem_size: overhead, mem_buffer: nil, no_alloc: true)) else {
            throw TensorGraphError.outOfMemory(purpose: purpose, byteCount: byteCount)
        }
        tensors = shapes.map { type, shape in
            let tensor: UnsafeMutablePointer<ggml_tensor> = ggml_new_tensor(
                context, type.raw, Int32(shape.count), shape.map { Int64($0) })
            ggml_set_name(tensor, purpose)
            return Tensor(tensor)
        }
        let allocated = BackendLog.capturing {
            ggml_backend_alloc_ctx_tensors_from_buft(context, device.defaultBufferType)
        }
        guard let buffer = allocated.result else {
            ggml_free(context)
            throw device.allocationError(.outOfMemory(purpose: purpose, byteCount: byteCount))
        }
        if device.isCPU { HugePages.request(for: buffer) }
        self.context = context
        self.buffer = buffer
        self.device = device
        clear()
    }

    deinit {
        ggml_backend_buffer_free(buffer)
        ggml_free(context)
    }

    package var byteCount: Int { ggml_backend_buffer_get_size(buffer) }

    /// Sets every element of every tensor to zero.
    package func clear() { ggml_backend_buffer_clear(buffer, 0) }
}
