import TensorGraph

extension Session {
    /// How keys and values, and the tangents of both, are stored.
    public struct CacheType: Hashable, Sendable, CustomStringConvertible {
        /// Of keys and their tangents.
        public var keys: Format
        /// Of values and their tangents.
        public var values: Format
        /// Positions that layers with a sliding window keep beyond it, at least 16. So many tokens can be dropped again, as where
        /// the next prompt differs in its end only, without reading all anew. Nil keeps all, in more memory.
        public var windowMargin: Int? = CacheStorage.defaultWindowMargin

        /// Keys and values alike.
        public init(_ format: Format) { self.init(keys: format, values: format) }

        /// Keys and values each in a format of their own.
        public init(keys: Format, values: Format) {
            self.keys = keys
            self.values = values
        }

        /// A format of numbers, under ggml's name.
        public enum Format: String, Sendable, CaseIterable {
            /// Half precision.
            case float16 = "f16"
            /// Half as wide as single precision, with its range.
            case bfloat16 = "bf16"
            /// Single precision: scores as exact as they get, in twice the memory.
            case float32 = "f32"
            /// A byte each, with a scale for 32: little more than half the memory of `f16`. Heads must be a multiple of 32 wide.
            case quantised8 = "q8_0"
            /// Half a byte each, with a scale for 32: little more than a quarter. Heads must be a multiple of 32 wide.
            case quantised4 = "q4_0"

            package var elementType: ElementType {
                switch self {
                case .float16: .float16
                case .bfloat16: .bfloat16
                case .float32: .float32
                case .quantised8: .quantised8
                case .quantised4: .quantised4
                }
            }
        }

        /// Keys and values in half precision.
        public static let float16 = CacheType(.float16)
        /// Keys and values in bfloat16.
        public static let bfloat16 = CacheType(.bfloat16)
        /// Keys and values in single precision.
        public static let float32 = CacheType(.float32)

        package var storage: CacheStorage {
            CacheStorage(keys: keys.elementType, values: values.elementType, windowMargin: windowMargin)
        }

        /// One name, or those of keys and values with a slash between.
        public var description: String { keys == values ? keys.rawValue : "\(keys.rawValue)/\(values.rawValue)" }
    }
}

extension Session.CacheType: Encodable {
    /// As its description.
    /// - Throws: what the encoder throws.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
