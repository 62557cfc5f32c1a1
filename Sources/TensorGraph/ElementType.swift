import CLlama

/// The storage type of a tensor's elements: a float type or one of ggml's block quantisations.
package struct ElementType: Hashable, Sendable, CustomStringConvertible {
    let raw: ggml_type

    package static let float32 = ElementType(raw: GGML_TYPE_F32)
    package static let float16 = ElementType(raw: GGML_TYPE_F16)
    package static let bfloat16 = ElementType(raw: GGML_TYPE_BF16)
    package static let quantised8 = ElementType(raw: GGML_TYPE_Q8_0)
    package static let quantised4 = ElementType(raw: GGML_TYPE_Q4_0)
    package static let int32 = ElementType(raw: GGML_TYPE_I32)
    package static let int64 = ElementType(raw: GGML_TYPE_I64)

    /// ggml's name of the type, such as `f16` or `q4_K`.
    package var description: String { String(cString: ggml_type_name(raw)) }

    /// Elements that share one quantisation block; 1 for plain types.
    package var blockLength: Int { Int(ggml_blck_size(raw)) }

    /// Bytes of `count` consecutive elements; `count` is a multiple of ``blockLength``.
    package func byteCount(of count: Int) -> Int { ggml_row_size(raw, Int64(count)) }

    /// Whether ggml can multiply weights of this type with float32 activations.
    package var isUsableAsWeight: Bool {
        self == .float32 || (ggml_get_type_traits(raw).pointee.to_float != nil)
    }

    package static func == (a: ElementType, b: ElementType) -> Bool { a.raw.rawValue == b.raw.rawValue }
    package func hash(into hasher: inout Hasher) { hasher.combine(raw.rawValue) }
}
