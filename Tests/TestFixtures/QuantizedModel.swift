import CLlama
import Foundation
import LaneEngine

/// A copy of a model file with its matrices in another type.
enum QuantizedModel {
    /// - Parameter decoded: stores as float32 what the type makes of the weights.
    static func make(from source: URL, type: ggml_type, decoded: Bool = false, at destination: URL) throws {
        var data: OpaquePointer?
        let opened = withUnsafeMutablePointer(to: &data) {
            gguf_init_from_file(source.path, gguf_init_params(no_alloc: false, ctx: $0))
        }
        guard let original = opened, let data else { throw CocoaError(.fileReadCorruptFile) }
        defer {
            gguf_free(original)
            ggml_free(data)
        }
        let memory = ggml_get_mem_size(data) + ggml_tensor_overhead() * 1024
        guard let copies = ggml_init(ggml_init_params(mem_size: memory, mem_buffer: nil, no_alloc: false)),
            let copy = gguf_init_empty()
        else { throw CocoaError(.fileWriteOutOfSpace) }
        defer {
            gguf_free(copy)
            ggml_free(copies)
        }
        gguf_set_kv(copy, original)
        for index in 0..<gguf_get_n_tensors(original) {
            guard let name = gguf_get_tensor_name(original, index), let tensor = ggml_get_tensor(data, name) else {
                continue
            }
            let isMatrix = ggml_n_dims(tensor) == 2
            let result: UnsafeMutablePointer<ggml_tensor> = ggml_new_tensor(
                copies, isMatrix && !decoded ? type : tensor.pointee.type, ggml_n_dims(tensor), extents(tensor))
            ggml_set_name(result, name)
            if isMatrix {
                let count = Int(ggml_nelements(tensor))
                var bytes = [UInt8](repeating: 0, count: ggml_row_size(type, Int64(count)))
                var values = [Float](repeating: 0, count: count)
                guard agd_dequantize(tensor.pointee.type, tensor.pointee.data, &values, Int64(count)) else {
                    throw CocoaError(.fileReadCorruptFile)
                }
                ggml_quantize_chunk(type, values, &bytes, 0, ggml_nrows(tensor), tensor.pointee.ne.0, nil)
                if decoded {
                    agd_dequantize(type, bytes, result.pointee.data.assumingMemoryBound(to: Float.self), Int64(count))
                } else {
                    memcpy(result.pointee.data, bytes, bytes.count)
                }
            } else {
                memcpy(result.pointee.data, tensor.pointee.data, ggml_nbytes(tensor))
            }
            gguf_add_tensor(copy, result)
        }
        guard gguf_write_to_file(copy, destination.path, false) else { throw CocoaError(.fileWriteUnknown) }
    }

    /// The repository's model with its matrices in a type whose weights lie in panels.
    static func microcosm(_ type: ggml_type = GGML_TYPE_Q8_0) throws -> LanguageModel {
        let file = FileManager.default.temporaryDirectory.appending(path: "microcosm-\(UUID().uuidString).gguf")
        try make(from: URL(filePath: Repository.model), type: type, at: file)
        defer { _ = try? FileManager.default.removeItem(at: file) }
        return try LanguageModel(path: file.path)
    }

    private static func extents(_ tensor: UnsafeMutablePointer<ggml_tensor>) -> [Int64] {
        [tensor.pointee.ne.0, tensor.pointee.ne.1, tensor.pointee.ne.2, tensor.pointee.ne.3]
    }
}
