import CLlama

/// A handle to a tensor of a ``Graph``, a ``WeightStore`` or a ``TensorBuffer``, which owns it.
///
/// `shape` counts the fastest-varying dimension first: a matrix of `rows` rows, each `width` long, is `[width, rows, 1, 1]`.
package struct Tensor: @unchecked Sendable {  // A handle; whoever owns the tensor serialises access to its data.
    let raw: UnsafeMutablePointer<ggml_tensor>

    init(_ raw: UnsafeMutablePointer<ggml_tensor>) { self.raw = raw }

    package var shape: [Int] {
        [Int(raw.pointee.ne.0), Int(raw.pointee.ne.1), Int(raw.pointee.ne.2), Int(raw.pointee.ne.3)]
    }
    package var type: ElementType { ElementType(raw: raw.pointee.type) }
    package var elementCount: Int { Int(ggml_nelements(raw)) }
    package var byteCount: Int { ggml_nbytes(raw) }

    /// Bytes from one element of dimension `axis` to the next.
    func stride(_ axis: Int) -> Int {
        switch axis {
        case 0: raw.pointee.nb.0
        case 1: raw.pointee.nb.1
        case 2: raw.pointee.nb.2
        default: raw.pointee.nb.3
        }
    }

    /// Copies `values`, which fill the tensor exactly, to wherever the tensor lies.
    package func write<Element: BitwiseCopyable>(_ values: [Element]) {
        precondition(
            values.count * MemoryLayout<Element>.stride == byteCount, "\(values.count) values do not fill \(shape)")
        values.withUnsafeBytes { ggml_backend_tensor_set(raw, $0.baseAddress, 0, $0.count) }
    }

    /// Copies rows of each of a tensor's matrices from another one of the same type and width, wherever both lie.
    package func write(rows: Range<Int>, from other: Tensor) {
        precondition(
            type == other.type && shape[0] == other.shape[0] && shape[2...] == other.shape[2...]
                && rows.lowerBound >= 0 && rows.upperBound <= min(shape[1], other.shape[1]))
        var bytes = [UInt8](repeating: 0, count: rows.count * stride(1))
        bytes.withUnsafeMutableBytes { bytes in
            for matrix in 0..<shape[2] {
                let start = rows.lowerBound * stride(1)
                ggml_backend_tensor_get(
                    other.raw, bytes.baseAddress, matrix * other.stride(2) + start, bytes.count)
                ggml_backend_tensor_set(raw, bytes.baseAddress, matrix * stride(2) + start, bytes.count)
            }
        }
    }

    /// All elements of a float32 tensor, in memory order.
    package func readFloats() -> [Float] {
        precondition(type == .float32)
        return [Float](unsafeUninitializedCapacity: elementCount) { buffer, count in
            ggml_backend_tensor_get(raw, buffer.baseAddress, 0, byteCount)
            count = elementCount
        }
    }

    /// Elements `range` of a float32 tensor, in memory order.
    package func readFloats(_ range: Range<Int>) -> [Float] {
        precondition(type == .float32 && range.lowerBound >= 0 && range.upperBound <= elementCount)
        return [Float](unsafeUninitializedCapacity: range.count) { buffer, count in
            ggml_backend_tensor_get(raw, buffer.baseAddress, 4 * range.lowerBound, 4 * range.count)
            count = range.count
        }
    }

    /// All elements as float32, decoded from whatever type they are stored in.
    ///
    /// - Precondition: the tensor lies in the file's own layout, not in one of a device's.
    package func decoded() -> [Float] {
        let bytes = [UInt8](unsafeUninitializedCapacity: byteCount) { buffer, count in
            ggml_backend_tensor_get(raw, buffer.baseAddress, 0, byteCount)
            count = byteCount
        }
        return [Float](unsafeUninitializedCapacity: elementCount) { buffer, count in
            bytes.withUnsafeBytes {
                _ = agd_dequantize(type.raw, $0.baseAddress, buffer.baseAddress, Int64(elementCount))
            }
            count = elementCount
        }
    }
}
