import CLaneKernels
import CLlama
import Foundation

/// Quantised matrices laid out for ``Graph/laneProduct(_:panels:_:scratch:)``: panels of 16 rows, four elements of each in turn,
/// which every processor's kernels read for one column or many.
///
/// They take about as many bytes as in the file, but for types of few bits, whose tables of vectors are written out: Q2_K takes
/// 3.1 bits a weight, IQ3 4.3, IQ2 and IQ1 3.6.
package final class WeightPanels: @unchecked Sendable {  // Immutable after `init`.
    /// One matrix `[width, rows]`.
    package struct Matrix: @unchecked Sendable {  // A handle; `owner` keeps the memory.
        let data: UnsafeRawPointer
        let type: ElementType
        let width, rows: Int
        package let byteCount: Int
        private let owner: WeightPanels

        fileprivate init(_ tensor: GGUFFile.TensorDescription, at data: UnsafeRawPointer, of owner: WeightPanels) {
            self.data = data
            self.owner = owner
            type = tensor.type
            (width, rows) = (tensor.shape[0], tensor.shape[1])
            byteCount = WeightPanels.byteCount(of: tensor)
        }
    }

    private let buffer: ggml_backend_buffer_t
    private var offsets: [String: Int] = [:]
    private var tensors: [String: GGUFFile.TensorDescription] = [:]

    /// Whether a tensor of a file can be laid out so.
    static func take(_ tensor: GGUFFile.TensorDescription) -> Bool {
        tensor.shape[2] == 1 && tensor.shape[3] == 1 && lane_panels_take(tensor.type.raw, tensor.shape[0])
    }

    /// Whether panels of all `tensors` fit into memory with room for the rest. What doesn't is better read from the mapped file.
    static func fit(_ tensors: [GGUFFile.TensorDescription]) -> Bool {
        tensors.reduce(0) { $0 + Self.byteCount(of: $1) } / 3 <= ProcessInfo.processInfo.physicalMemory / 4
    }

    /// Lays out each of `tensors`, whose rows are at `data`, and calls `done` after each.
    /// - Throws: ``TensorGraphError/outOfMemory(purpose:byteCount:)``.
    init(
        _ tensors: [GGUFFile.TensorDescription], data: (GGUFFile.TensorDescription) -> UnsafeRawPointer,
        done: (GGUFFile.TensorDescription) -> Void = { _ in }
    ) throws {
        var size = 0
        for tensor in tensors where offsets[tensor.name] == nil {
            offsets[tensor.name] = size
            self.tensors[tensor.name] = tensor
            size += (Self.byteCount(of: tensor) + 63) / 64 * 64
        }
        guard let buffer = ggml_backend_buft_alloc_buffer(Device.cpu.defaultBufferType, size) else {
            throw TensorGraphError.outOfMemory(purpose: "weights", byteCount: size)
        }
        self.buffer = buffer
        HugePages.request(for: buffer)
        for tensor in tensors {
            fill(tensor, from: data(tensor))
            done(tensor)
        }
    }

    deinit { ggml_backend_buffer_free(buffer) }

    subscript(name: String) -> Matrix? {
        guard let tensor = tensors[name], let data = address(of: name) else { return nil }
        return Matrix(tensor, at: data, of: self)
    }

    private func address(of name: String) -> UnsafeMutableRawPointer? {
        offsets[name].flatMap { ggml_backend_buffer_get_base(buffer)?.advanced(by: $0) }
    }

    private static func byteCount(of tensor: GGUFFile.TensorDescription) -> Int {
        lane_panels_size(tensor.type.raw, tensor.shape[0], tensor.shape[1])
    }

    private func fill(_ tensor: GGUFFile.TensorDescription, from rows: UnsafeRawPointer) {
        guard let panels = address(of: tensor.name) else { return }
        let count = (tensor.shape[1] + Int(PANEL_ROWS) - 1) / Int(PANEL_ROWS)
        let parts = min(count, ProcessInfo.processInfo.activeProcessorCount)
        // Each part writes panels of its own.
        nonisolated(unsafe) let (target, source) = (panels, rows)
        DispatchQueue.concurrentPerform(iterations: parts) { part in
            lane_panels_fill(
                target, tensor.type.raw, source, tensor.shape[0], tensor.shape[1], count * part / parts,
                count * (part + 1) / parts)
        }
    }
}
