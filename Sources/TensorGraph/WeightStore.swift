import CLlama

/// The weights of a model file, placed where they are used.
///
/// Where everything is on the CPU, quantised matrices are copied into ``WeightPanels``. Other matrices on the CPU that ggml has
/// faster kernels for are copied into the layout of those kernels (as llama.cpp does); everything else stays in the mapped file.
/// Graphics processors and servers get copies of what they can multiply with.
package final class WeightStore: @unchecked Sendable {  // Immutable after `init`; computations only read weights.
    /// What a tensor of the file is used for, which decides where it can lie.
    package enum Use: Hashable, Sendable {
        /// The left side of matrix products on a device.
        case matrix(onGPU: Int?)
        /// A vector or table used by other operations on a device.
        case vector(onGPU: Int?)
        /// A table whose rows are looked up; stays in the mapped file.
        case lookup

        var isOnGPU: Bool {
            switch self {
            case .matrix(let gpu), .vector(let gpu): gpu != nil
            case .lookup: false
            }
        }
    }

    private struct Key: Hashable {
        var name: String
        var use: Use
    }

    /// Where tensors lie: in one of the mapped files, or in a buffer of their own.
    private enum Home: Hashable {
        case file(part: Int)
        case buffer(ggml_backend_buffer_type_t)
    }

    private typealias Member = (name: String, tensor: GGUFFile.TensorDescription, use: Use)
    private var placed: [Key: Tensor] = [:]
    private var panels: WeightPanels?
    private var contexts: [OpaquePointer] = []
    private var buffers: [ggml_backend_buffer_t] = []
    private let devices: [Device]  // Buffers lie there.
    private let file: GGUFFile  // Tensors may lie in its mapping.

    /// Bytes copied out of the mapped file.
    package private(set) var copiedByteCount = 0

    /// Places each tensor for its use, under a name; a tensor may have several of both.
    /// - Parameter repacked: false keeps the file's layout on the CPU, as does a lack of memory.
    package init(
        _ file: GGUFFile, _ uses: [(name: String, tensor: GGUFFile.TensorDescription, use: Use)], devices: [Device],
        repacked: Bool = true,
        progress: ((Double) -> Void)? = nil
    ) throws {
        self.file = file
        self.devices = devices
        var groups: [Home: [Member]] = [:]
        let matrices = uses.filter { $0.use == .matrix(onGPU: nil) }.map(\.tensor)
        let panelTypes = matrices.filter(WeightPanels.take)
        let repacked = repacked && WeightPanels.fit(panelTypes)
        let panelled = repacked && devices.isEmpty ? panelTypes : []
        let names = Set(panelled.map(\.name))
        for (name, tensor, use) in uses {
            let bufferType =
                names.contains(tensor.name)
                ? nil : Self.bufferType(for: tensor, use: use, devices: devices, repacked: repacked)
            groups[bufferType.map { .buffer($0) } ?? .file(part: tensor.part), default: []].append((name, tensor, use))
        }
        for (home, members) in groups { try place(members, in: home, progress: progress) }
        for device in devices { try device.server?.link.check() }
        guard !panelled.isEmpty else { return }
        let total = panelled.reduce(0) { $0 + $1.byteCount }
        panels = try WeightPanels(panelled) {
            UnsafeRawPointer(file.data(of: $0))
        } done: { tensor in
            copiedByteCount += tensor.byteCount
            file.releaseMemory(of: tensor)
            progress?(Double(copiedByteCount) / Double(total))
        }
    }

    deinit {
        buffers.forEach { ggml_backend_buffer_free($0) }
        contexts.forEach { ggml_free($0) }
    }

    package subscript(name: String, use: Use) -> Tensor? { placed[Key(name: name, use: use)] }

    /// A matrix on the CPU in panels, where it was copied into some.
    package func panels(_ name: String) -> WeightPanels.Matrix? { panels?[name] }

    /// The buffer type for a tensor; nil means the mapped file itself.
    private static func bufferType(
        for tensor: GGUFFile.TensorDescription, use: Use, devices: [Device], repacked: Bool
    ) -> ggml_backend_buffer_type_t? {
        switch use {
        case .lookup: return nil
        case .vector(let gpu?): return devices[gpu].defaultBufferType
        case .vector(nil): return nil
        case .matrix(let gpu):
            guard let context = newContext(tensorCount: 2) else { return nil }
            defer { ggml_free(context) }
            let candidate = newTensor(tensor, in: context)
            if let gpu, devices[gpu].canMultiply(candidate, in: devices[gpu].defaultBufferType) {
                return devices[gpu].defaultBufferType
            }
            guard repacked else { return nil }
            return Device.cpu.weightBufferTypes.first { Device.cpu.canMultiply(candidate, in: $0) }
        }
    }

    private static func newContext(tensorCount: Int) -> OpaquePointer? {
        ggml_init(ggml_init_params(mem_size: ggml_tensor_overhead() * tensorCount, mem_buffer: nil, no_alloc: true))
    }

    private static func newTensor(
        _ tensor: GGUFFile.TensorDescription, in context: OpaquePointer
    ) -> UnsafeMutablePointer<ggml_tensor> {
        let raw: UnsafeMutablePointer<ggml_tensor> = ggml_new_tensor(
            context, tensor.type.raw, Int32(GGML_MAX_DIMS), tensor.shape.map { Int64($0) })
        ggml_set_name(raw, tensor.name)
        return raw
    }

    private func place(
        _ members: [Member], in home: Home, progress: ((Double) -> Void)?
    ) throws {
        let byteCount = members.reduce(0) { $0 + $1.tensor.byteCount }
        guard let context = Self.newContext(tensorCount: members.count + 1) else {
            throw TensorGraphError.outOfMemory(purpose: "weights", byteCount: byteCount)
        }
        contexts.append(context)
        let tensors = members.map { Self.newTensor($0.tensor, in: context) }
        let allocated =
            switch home {
            case .buffer(let type):
                BackendLog.capturing { ggml_backend_alloc_ctx_tensors_from_buft(context, type) }.result
            case .file(let part): ggml_backend_cpu_buffer_from_ptr(file.parts[part].start, file.parts[part].byteCount)
            }
        guard let buffer = allocated else {
            for device in devices { try device.server?.link.check() }
            throw TensorGraphError.outOfMemory(purpose: "weights", byteCount: byteCount)
        }
        buffers.append(buffer)
        ggml_backend_buffer_set_usage(buffer, GGML_BACKEND_BUFFER_USAGE_WEIGHTS)
        if case .buffer = home, members.allSatisfy({ !$0.use.isOnGPU }) { HugePages.request(for: buffer) }
        for (index, (member, tensor)) in zip(members, tensors).enumerated() {
            switch home {
            case .file: _ = ggml_backend_tensor_alloc(buffer, tensor, file.data(of: member.tensor))
            case .buffer:
                ggml_backend_tensor_set(tensor, file.data(of: member.tensor), 0, member.tensor.byteCount)
                copiedByteCount += member.tensor.byteCount
                file.releaseMemory(of: member.tensor)
                progress?(Double(index + 1) / Double(members.count))
            }
            placed[Key(name: member.name, use: member.use)] = Tensor(tensor)
        }
    }
}
