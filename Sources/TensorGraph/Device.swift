import CLlama

/// A processor that ggml can compute on.
// ggml's devices are immutable and live for ever.
package struct Device: @unchecked Sendable, CustomStringConvertible {
    let raw: ggml_backend_dev_t

    package static let cpu = Device(raw: ggml_backend_dev_by_type(GGML_BACKEND_DEVICE_TYPE_CPU))

    /// Graphics processors in ggml's order; empty where ggml was built without such a backend.
    package static let gpus: [Device] = (0..<ggml_backend_dev_count()).compactMap { index in
        guard let device = ggml_backend_dev_get(index) else { return nil }
        let type = ggml_backend_dev_type(device)
        return type == GGML_BACKEND_DEVICE_TYPE_GPU || type == GGML_BACKEND_DEVICE_TYPE_IGPU ? Device(raw: device) : nil
    }

    var isCPU: Bool { raw == Device.cpu.raw }

    package var description: String {
        "\(String(cString: ggml_backend_dev_name(raw))) (\(String(cString: ggml_backend_dev_description(raw))))"
    }

    /// Bytes of memory that the device has altogether, used or not; 0 where it doesn't tell.
    var memorySize: Int {
        var (free, total) = (0, 0)
        ggml_backend_dev_memory(raw, &free, &total)
        return total
    }

    var defaultBufferType: ggml_backend_buffer_type_t { ggml_backend_dev_buffer_type(raw) }

    /// Buffer types in which this device keeps weights in a layout of its own for faster products.
    var weightBufferTypes: [ggml_backend_buffer_type_t] {
        guard let list = agd_extra_buffer_types(raw) else { return [] }
        return Array(sequence(first: 0) { $0 + 1 }.lazy.map { list[$0] }.prefix { $0 != nil }.compactMap { $0 })
    }

    /// Whether a product with `weight`, were it kept in a buffer of `bufferType`, runs on this device.
    func canMultiply(_ weight: UnsafeMutablePointer<ggml_tensor>, in bufferType: ggml_backend_buffer_type_t) -> Bool {
        guard
            let context = ggml_init(
                ggml_init_params(mem_size: ggml_tensor_overhead() * 4, mem_buffer: nil, no_alloc: true)),
            let buffer = ggml_backend_buft_alloc_buffer(bufferType, 0)
        else { return false }
        defer {
            ggml_backend_buffer_free(buffer)
            ggml_free(context)
        }
        let columns = ggml_new_tensor_2d(context, GGML_TYPE_F32, weight.pointee.ne.0, 512)
        let previous = weight.pointee.buffer
        weight.pointee.buffer = buffer
        defer { weight.pointee.buffer = previous }
        return ggml_backend_dev_supports_op(raw, ggml_mul_mat(context, weight, columns))
    }
}
