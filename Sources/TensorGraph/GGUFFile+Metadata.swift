import CLlama

extension GGUFFile {
    /// A metadata value with its type, since GGUF lets a writer choose among several number types for one key.
    public enum MetadataValue: Sendable, Equatable {
        case integer(Int)
        case float(Double)
        case bool(Bool)
        case string(String)
        case integers([Int])
        case floats([Double])
        case bools([Bool])
        case strings([String])
        /// A string, or an array with a string, whose bytes are not UTF-8.
        case malformedText

        /// The name of the type for an error message.
        public var typeName: String {
            switch self {
            case .integer: "integer"
            case .float: "float"
            case .bool: "bool"
            case .string: "string"
            case .integers: "array of integers"
            case .floats: "array of floats"
            case .bools: "array of bools"
            case .strings: "array of strings"
            case .malformedText: "text that is not UTF-8"
            }
        }

        /// The value where it is short, else the name of its type, for an error message.
        public var summary: String {
            switch self {
            case .integer(let integer): "\(integer)"
            case .float(let float): "\(float)"
            case .bool(let bool): "\(bool)"
            case .string(let string) where string.utf8.count <= 64: "'\(string)'"
            default: "a \(typeName)"
            }
        }
    }

    static func readMetadata(_ context: OpaquePointer) -> [String: MetadataValue] {
        var metadata: [String: MetadataValue] = [:]
        for index in 0..<gguf_get_n_kv(context) {
            metadata[String(cString: gguf_get_key(context, index))] = value(context, index)
        }
        return metadata
    }

    static func readArrayElementTypes(_ context: OpaquePointer) -> [String: String] {
        var types: [String: String] = [:]
        for index in 0..<gguf_get_n_kv(context) where gguf_get_kv_type(context, index) == GGUF_TYPE_ARRAY {
            types[String(cString: gguf_get_key(context, index))] = String(
                cString: gguf_type_name(gguf_get_arr_type(context, index)))
        }
        return types
    }

    private static func value(_ context: OpaquePointer, _ index: Int64) -> MetadataValue? {
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
        case GGUF_TYPE_STRING:
            String(validatingCString: gguf_get_val_str(context, index)).map { .string($0) } ?? .malformedText
        case GGUF_TYPE_ARRAY: arrayValue(context, index)
        default: nil
        }
    }

    private static func arrayValue(_ context: OpaquePointer, _ index: Int64) -> MetadataValue? {
        let count = gguf_get_arr_n(context, index)
        let type = gguf_get_arr_type(context, index)
        if type == GGUF_TYPE_STRING {
            let strings = (0..<count).compactMap { String(validatingCString: gguf_get_arr_str(context, index, $0)) }
            return strings.count == count ? .strings(strings) : .malformedText
        }
        guard count > 0, let data = gguf_get_arr_data(context, index) else { return .integers([]) }
        func integers<Element: BinaryInteger>(_: Element.Type) -> MetadataValue {
            .integers(
                UnsafeBufferPointer(start: data.assumingMemoryBound(to: Element.self), count: count).map {
                    Int(clamping: $0)
                })
        }
        func floats<Element: BinaryFloatingPoint>(_: Element.Type) -> MetadataValue {
            .floats(
                UnsafeBufferPointer(start: data.assumingMemoryBound(to: Element.self), count: count).map { Double($0) })
        }
        switch type {
        case GGUF_TYPE_UINT8: return integers(UInt8.self)
        case GGUF_TYPE_INT8: return integers(Int8.self)
        case GGUF_TYPE_UINT16: return integers(UInt16.self)
        case GGUF_TYPE_INT16: return integers(Int16.self)
        case GGUF_TYPE_UINT32: return integers(UInt32.self)
        case GGUF_TYPE_INT32: return integers(Int32.self)
        case GGUF_TYPE_UINT64: return integers(UInt64.self)
        case GGUF_TYPE_INT64: return integers(Int64.self)
        case GGUF_TYPE_FLOAT32: return floats(Float.self)
        case GGUF_TYPE_FLOAT64: return floats(Double.self)
        case GGUF_TYPE_BOOL:
            return .bools(
                UnsafeBufferPointer(start: data.assumingMemoryBound(to: Int8.self), count: count).map { $0 != 0 })
        default: return nil
        }
    }
}
