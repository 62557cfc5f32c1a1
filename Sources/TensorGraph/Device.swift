import CLaneKernels
import CLlama
import Foundation

/// A processor that ggml can compute on.
// ggml's devices are immutable and live for ever.
package struct Device: @unchecked Sendable, CustomStringConvertible {
    let raw: ggml_backend_dev_t
    /// The server that it belongs to; whoever keeps something on the device keeps the server.
    package let server: RemoteServer?

    init(raw: ggml_backend_dev_t, server: RemoteServer? = nil) {
        self.raw = raw
        self.server = server
    }

    package static let cpu = Device(
        raw: BackendLog.capturing { ggml_backend_dev_by_type(GGML_BACKEND_DEVICE_TYPE_CPU) }.result)

    /// Graphics processors in ggml's order; empty where ggml was built without such a backend.
    package static let gpus: [Device] = BackendLog.capturing {
        (0..<ggml_backend_dev_count()).compactMap { index in
            guard let device = ggml_backend_dev_get(index) else { return nil }
            let type = ggml_backend_dev_type(device)
            return type == GGML_BACKEND_DEVICE_TYPE_GPU || type == GGML_BACKEND_DEVICE_TYPE_IGPU
                ? Device(raw: device) : nil
        }
    }.result

    var isCPU: Bool { raw == Device.cpu.raw }

    /// ggml's short name, such as `Vulkan0`.
    package var name: String { String(cString: ggml_backend_dev_name(raw)) }

    /// What it is, or where.
    package var model: String {
        server.map { "server \($0.link.address)" } ?? String(cString: ggml_backend_dev_description(raw))
    }

    package var description: String { "\(name) (\(model))" }

    /// Bytes of memory that the device has altogether and that are free; zeros where it doesn't tell.
    package var memory: (total: Int, free: Int) {
        var (free, total) = (0, 0)
        ggml_backend_dev_memory(raw, &free, &total)
        return (total, free)
    }

    var defaultBufferType: ggml_backend_buffer_type_t { ggml_backend_dev_buffer_type(raw) }

    /// Why memory could not be had on the device: its server was lost, or else as `shortage` says.
    func allocationError(_ shortage: TensorGraphError) -> any Error {
        do { try server?.link.check() } catch { return error }
        return shortage
    }
}

/// What a device can do.
extension Device {
    /// Whether its backend has kernels of ours for lanes: see `DeviceKernels.h`.
    package var hasLaneKernels: Bool {
        guard server == nil, Self.usesLaneKernels,
            let function = ggml_backend_reg_get_proc_address(
                ggml_backend_dev_backend_reg(raw), LANE_DEVICE_VERSION_FUNCTION)
        else { return false }
        let version = unsafeBitCast(function, to: (@convention(c) () -> Int32).self)
        return version() == Int32(LANE_DEVICE_VERSION)
    }

    /// Without them all is composed of ggml's operations, for comparisons.
    private static let usesLaneKernels = ProcessInfo.processInfo.environment["AGD_DEVICE_KERNELS"] != "0"

    /// Buffer types in which this device keeps weights in a layout of its own for faster products.
    var weightBufferTypes: [ggml_backend_buffer_type_t] {
        guard let list = agd_extra_buffer_types(raw) else { return [] }
        return Array(sequence(first: 0) { $0 + 1 }.lazy.map { list[$0] }.prefix { $0 != nil }.compactMap { $0 })
    }

    /// Whether products with `weight`, were it kept in a buffer of `bufferType`, run on this device: for matrices of experts, or one
    /// for each head, both kinds.
    func canMultiply(_ weight: UnsafeMutablePointer<ggml_tensor>, in bufferType: ggml_backend_buffer_type_t) -> Bool {
        guard
            let context = ggml_init(
                ggml_init_params(mem_size: ggml_tensor_overhead() * 8, mem_buffer: nil, no_alloc: true)),
            let buffer = ggml_backend_buft_alloc_buffer(bufferType, 0)
        else { return false }
        defer {
            ggml_backend_buffer_free(buffer)
            ggml_free(context)
        }
        let previous = weight.pointee.buffer
        weight.pointee.buffer = buffer
        defer { weight.pointee.buffer = previous }
        let (width, count) = (weight.pointee.ne.0, weight.pointee.ne.2)
        let columns = ggml_new_tensor_3d(context, GGML_TYPE_F32, width, 512, count)
        var products = [ggml_mul_mat(context, weight, columns)]
        if count > 1 {
            let experts = ggml_new_tensor_2d(context, GGML_TYPE_I32, 1, 512)
            let tokens = ggml_new_tensor_3d(context, GGML_TYPE_F32, width, 1, 512)
            products.append(ggml_mul_mat_id(context, weight, tokens, experts))
        }
        return products.allSatisfy { ggml_backend_dev_supports_op(raw, $0) }
    }
}
