import CLlama

/// The header of a GGUF file, parsed by ggml's reader: keys with their values, and the list of tensors.
///
/// Values are read when they are asked for; only ggml's own copy of them takes memory, as long as this object lives.
package final class GGUFMetadata {
    package let path: String
    package let version: Int
    package let keys: [String]
    private let context: OpaquePointer
    private let indices: [String: Int64]

    /// - Parameter file: a file whose names and counts ``GGUFHeaderScan`` has found to be right.
    init(_ file: MappedFile) throws {
        path = file.path
        let (context, report) = BackendLog.capturing {
            gguf_init_from_file(file.path, gguf_init_params(no_alloc: true, ctx: nil))
        }
        guard let context else {
            throw TensorGraphError.invalidFile(
                path: file.path, field: "header", problem: report.isEmpty ? "not a GGUF file" : report,
                remedy: "Download or convert the model again.")
        }
        self.context = context
        version = Int(gguf_get_version(context))
        let keys = (0..<gguf_get_n_kv(context)).map { String(cString: gguf_get_key(context, $0)) }
        self.keys = keys
        indices = Dictionary(zip(keys, 0...)) { first, _ in first }
    }

    deinit { gguf_free(context) }

    /// A metadata value with its type, since GGUF lets a writer choose among several number types for one key.
    package enum Value: Sendable, Equatable {
        case integer(Int)
        case float(Double)
        case bool(Bool)
        case string(String)
        case integers([Int])
        case floats([Double])
        case bools([Bool])
        case strings([String])
        /// A string whose bytes are not UTF-8, with U+FFFD in their place.
        case malformedText(String)
        /// An array with such a string.
        case malformedTexts

        /// The name of the type for an error message.
        package var typeName: String {
            switch self {
            case .integer: "integer"
            case .float: "float"
            case .bool: "bool"
            case .string: "string"
            case .integers: "array of integers"
            case .floats: "array of floats"
            case .bools: "array of bools"
            case .strings: "array of strings"
            case .malformedText, .malformedTexts: "text that is not UTF-8"
            }
        }

        /// The value where it is short, else the name of its type, for an error message.
        package var summary: String {
            switch self {
            case .integer(let integer): "\(integer)"
            case .float(let float): "\(float)"
            case .bool(let bool): "\(bool)"
            case .string(let string) where string.utf8.count <= 64: "'\(string)'"
            default: "a \(typeName)"
            }
        }
    }

    package subscript(key: String) -> Value? { indices[key].flatMap { value($0) } }

    /// ggml's name of the type of a value, or of the elements where it is an array, such as `i32`.
    package func elementTypeName(_ key: String) -> String? {
        guard let index = indices[key] else { return nil }
        let type = gguf_get_kv_type(context, index)
        return String(cString: gguf_type_name(type == GGUF_TYPE_ARRAY ? gguf_get_arr_type(context, index) : type))
    }

    /// Number of elements where the value is an array.
    package func elementCount(_ key: String) -> Int? {
        guard let index = indices[key], gguf_get_kv_type(context, index) == GGUF_TYPE_ARRAY else { return nil }
        return gguf_get_arr_n(context, index)
    }

    private func value(_ index: Int64) -> Value? {
        switch gguf_get_kv_type(context, index) {
        case GGUF_TYPE_UINT8: .integer(Int(gguf_get_val_u8(context, index)))
        case GGUF_TYPE_INT8: .integer(Int(gguf_get_val_i8(context, index)))
        case GGUF_TYPE_UINT16: .integer(Int(gguf_get_val_u16(context, index)))
        case GGUF_TYPE_INT16: .integer(Int(gguf_get_val_i16(context, index)))
        case GGUF_TYPE_UINT32: .integer(Int(gguf_get_val_u32(context, index)))
        case GGUF_TYPE_INT32: .integer(Int(gguf_get_val_i32(context, index)))
        case GGUF_TYPE_UINT64: .integer(Int(clamping: gguf_get_val_u64(context, index)))
        case GGUF_TYPE_INT64: .integer(Int(gguf_get_val_i64(context, index)))
        case GGUF_TYPE_FLOAT32: .float(Double(gguf_get_val_f32(context, index)))
        case GGUF_TYPE_FLOAT64: .float(gguf_get_val_f64(context, index))
        case GGUF_TYPE_BOOL: .bool(gguf_get_val_bool(context, index))
        case GGUF_TYPE_STRING: string(gguf_get_val_str(context, index))
        case GGUF_TYPE_ARRAY: arrayValue(index)
        default: nil
        }
    }

    private func string(_ characters: UnsafePointer<CChar>?) -> Value? {
        guard let characters else { return nil }
        return String(validatingCString: characters).map { .string($0) }
            ?? .malformedText(String(cString: characters))
    }

    private func arrayValue(_ index: Int64) -> Value? {
        let count = gguf_get_arr_n(context, index)
        let type = gguf_get_arr_type(context, index)
        if type == GGUF_TYPE_STRING {
            let strings = (0..<count).compactMap { String(validatingCString: gguf_get_arr_str(context, index, $0)) }
            return strings.count == count ? .strings(strings) : .malformedTexts
        }
        guard count > 0, let data = gguf_get_arr_data(context, index) else { return .integers([]) }
        func elements<Element: BitwiseCopyable>(_: Element.Type) -> UnsafeBufferPointer<Element> {
            UnsafeBufferPointer(start: data.assumingMemoryBound(to: Element.self), count: count)
        }
        return switch type {
        case GGUF_TYPE_UINT8: .integers(elements(UInt8.self).map { Int($0) })
        case GGUF_TYPE_INT8: .integers(elements(Int8.self).map { Int($0) })
        case GGUF_TYPE_UINT16: .integers(elements(UInt16.self).map { Int($0) })
        case GGUF_TYPE_INT16: .integers(elements(Int16.self).map { Int($0) })
        case GGUF_TYPE_UINT32: .integers(elements(UInt32.self).map { Int($0) })
        case GGUF_TYPE_INT32: .integers(elements(Int32.self).map { Int($0) })
        case GGUF_TYPE_UINT64: .integers(elements(UInt64.self).map { Int(clamping: $0) })
        case GGUF_TYPE_INT64: .integers(elements(Int64.self).map { Int($0) })
        case GGUF_TYPE_FLOAT32: .floats(elements(Float.self).map { Double($0) })
        case GGUF_TYPE_FLOAT64: .floats(elements(Double.self).map { $0 })
        case GGUF_TYPE_BOOL: .bools(elements(Int8.self).map { $0 != 0 })
        default: nil
        }
    }

    /// The tensors, whose data have to lie within the file.
    /// - Parameter part: the file's place among those of a model that is split.
    func tensors(fileSize: Int, part: Int) throws -> [GGUFFile.TensorDescription] {
        let dataStart = gguf_get_data_offset(context)
        return try (0..<gguf_get_n_tensors(context)).map { index in
            let extents = UnsafeBufferPointer(start: gguf_get_tensor_ne(context, index), count: Int(GGML_MAX_DIMS))
            let tensor = GGUFFile.TensorDescription(
                name: String(cString: gguf_get_tensor_name(context, index)),
                type: ElementType(raw: gguf_get_tensor_type(context, index)), shape: extents.map { Int($0) },
                part: part, offset: dataStart + gguf_get_tensor_offset(context, index),
                byteCount: gguf_get_tensor_size(context, index))
            if let problem = problem(of: tensor, dataStart: dataStart, fileSize: fileSize) {
                throw TensorGraphError.invalidFile(
                    path: path, field: "tensor \(tensor.name)", problem: problem,
                    remedy: "Download or convert the model again.")
            }
            return tensor
        }
    }

    private func problem(of tensor: GGUFFile.TensorDescription, dataStart: Int, fileSize: Int) -> String? {
        if tensor.elementCount <= 0 { return "it has no elements" }
        // Sizes and offsets beyond 2^63 come out of C as negative numbers.
        guard tensor.offset >= dataStart, tensor.byteCount > 0, tensor.offset <= fileSize,
            tensor.byteCount <= fileSize - tensor.offset
        else {
            return "its data (\(UInt(bitPattern: tensor.byteCount)) bytes from byte "
                + "\(UInt(bitPattern: tensor.offset))) goes beyond the end of the file, at byte \(fileSize)"
        }
        return tensor.offset % 16 == 0 ? nil : "its data is not aligned to 16 bytes (general.alignment)"
    }
}
