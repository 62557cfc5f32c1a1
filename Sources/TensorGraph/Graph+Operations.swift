import CLlama

/// The operations of ggml, under the names of linear algebra. Shapes count the fastest-varying dimension first;
/// `b` is repeated along dimensions where it is shorter than `a`.
extension Graph {
    package func add(_ a: Tensor, _ b: Tensor) -> Tensor { Tensor(ggml_add(context, a.raw, b.raw)) }
    package func subtract(_ a: Tensor, _ b: Tensor) -> Tensor { Tensor(ggml_sub(context, a.raw, b.raw)) }
    package func multiply(_ a: Tensor, _ b: Tensor) -> Tensor { Tensor(ggml_mul(context, a.raw, b.raw)) }
    package func divide(_ a: Tensor, _ b: Tensor) -> Tensor { Tensor(ggml_div(context, a.raw, b.raw)) }

    /// `x * factor + offset`.
    package func scale(_ x: Tensor, by factor: Float, offset: Float = 0) -> Tensor {
        offset == 0
            ? Tensor(ggml_scale(context, x.raw, factor)) : Tensor(ggml_scale_bias(context, x.raw, factor, offset))
    }
    package func square(_ x: Tensor) -> Tensor { Tensor(ggml_sqr(context, x.raw)) }
    package func squareRoot(_ x: Tensor) -> Tensor { Tensor(ggml_sqrt(context, x.raw)) }
    package func sigmoid(_ x: Tensor) -> Tensor { Tensor(ggml_sigmoid(context, x.raw)) }
    package func tanh(_ x: Tensor) -> Tensor { Tensor(ggml_tanh(context, x.raw)) }
    package func logarithm(_ x: Tensor) -> Tensor { Tensor(ggml_log(context, x.raw)) }
    package func floor(_ x: Tensor) -> Tensor { Tensor(ggml_floor(context, x.raw)) }
    package func magnitude(_ x: Tensor) -> Tensor { Tensor(ggml_abs(context, x.raw)) }
    /// 1 where `x > 0`, else 0.
    package func step(_ x: Tensor) -> Tensor { Tensor(ggml_step(context, x.raw)) }
    /// `x`, but not less than `lowest` and not more than `highest`.
    package func clamped(_ x: Tensor, from lowest: Float = -.infinity, to highest: Float = .infinity) -> Tensor {
        Tensor(ggml_clamp(context, x.raw, lowest, highest))
    }

    /// The mean over dimension 0: `[width, ...]` to `[1, ...]`.
    package func meanOfRows(_ x: Tensor) -> Tensor { Tensor(ggml_mean(context, x.raw)) }
    /// The sum over dimension 0: `[width, ...]` to `[1, ...]`.
    package func sumOfRows(_ x: Tensor) -> Tensor { Tensor(ggml_sum_rows(context, x.raw)) }

    /// `W x` for weights `[in, out]` and columns `[in, n]`: `[out, n]`. Further dimensions of `w` are repeated along `x`'s.
    package func multiplyMatrix(_ w: Tensor, _ x: Tensor) -> Tensor { Tensor(ggml_mul_mat(context, w.raw, x.raw)) }

    /// `W_h x` for matrices `[in, out, heads]` of any type and `[in, heads, tokens, lanes]`: `[out, heads, tokens, lanes]`.
    package func multiplyMatrixByHead(_ w: Tensor, _ x: Tensor) -> Tensor {
        contiguous(permute(multiplyMatrix(w, contiguous(permute(x, 0, 2, 1, 3))), 0, 2, 1, 3))
    }

    /// `softmax(x * scale + mask)` over dimension 0.
    /// - Parameter sinks: `[extent of dimension 2]`, for each entry of it one more logit, which takes its share of the sum of 1
    ///   and is left out of the result.
    package func softmax(_ x: Tensor, mask: Tensor? = nil, scale: Float = 1, sinks: Tensor? = nil) -> Tensor {
        let result: UnsafeMutablePointer<ggml_tensor> = ggml_soft_max_ext(context, x.raw, mask?.raw, scale, 0)
        if let sinks { ggml_soft_max_add_sinks(result, sinks.raw) }
        return Tensor(result)
    }

    /// `scale * J v` for the Jacobian `J` of a softmax whose result is `probabilities`: `scale * p * (v - <p, v>)`.
    /// `J` is symmetric, so this serves both directions.
    ///
    /// `probabilities` must also be used by an operation that comes later: ggml may else put the result in their place,
    /// and its kernel overwrites them before it has read them.
    package func softmaxJacobian(_ v: Tensor, at probabilities: Tensor, scale: Float) -> Tensor {
        Tensor(ggml_soft_max_ext_back(context, v.raw, probabilities.raw, scale, 0))
    }

    /// Rotary position embedding of `[headWidth, heads, positions, lanes]`; `positions` is int32.
    package func rotate(_ x: Tensor, positions: Tensor, _ rope: RotaryEmbedding, factors: Tensor?) -> Tensor {
        Tensor(
            ggml_rope_ext(
                context, x.raw, positions.raw, factors?.raw, Int32(rope.dimensions), rope.layout.mode,
                Int32(rope.yarn?.originalContextLength ?? 0), rope.base, rope.frequencyScale, rope.yarn == nil ? 0 : 1,
                rope.magnitude, rope.yarn?.fastRotations ?? 0, rope.yarn?.slowRotations ?? 0))
    }

    /// The transpose (and, but for the magnitude, inverse) of ``rotate(_:positions:_:factors:)``.
    package func rotateBack(_ x: Tensor, positions: Tensor, _ rope: RotaryEmbedding, factors: Tensor?) -> Tensor {
        Tensor(
            ggml_rope_ext_back(
                context, x.raw, positions.raw, factors?.raw, Int32(rope.dimensions), rope.layout.mode,
                Int32(rope.yarn?.originalContextLength ?? 0), rope.base, rope.frequencyScale, rope.yarn == nil ? 0 : 1,
                rope.magnitude, rope.yarn?.fastRotations ?? 0, rope.yarn?.slowRotations ?? 0))
    }

    /// Rows `indices` (int32) of a matrix, as float32.
    package func rows(_ matrix: Tensor, _ indices: Tensor) -> Tensor {
        Tensor(ggml_get_rows(context, matrix.raw, indices.raw))
    }

    /// Writes the rows of `values` over the rows `indices` (int64) of `matrix`; the result is `matrix` afterwards.
    package func writeRows(_ values: Tensor, into matrix: Tensor, at indices: Tensor) -> Tensor {
        Tensor(ggml_set_rows(context, matrix.raw, values.raw, indices.raw))
    }

    /// `x` repeated to `shape`, whose extents are multiples of `x`'s.
    package func repeated(_ x: Tensor, _ shape: Int...) -> Tensor {
        if x.shape == shape { return x }
        let extents = shape.map { Int64($0) }
        return Tensor(ggml_repeat_4d(context, x.raw, extents[0], extents[1], extents[2], extents[3]))
    }

    package func concatenate(_ a: Tensor, _ b: Tensor, axis: Int) -> Tensor {
        Tensor(ggml_concat(context, a.raw, b.raw, Int32(axis)))
    }

    /// `x` with zeros appended along `axis` until it has `extent` entries.
    package func padded(_ x: Tensor, axis: Int, to extent: Int) -> Tensor {
        var missing: [Int32] = [0, 0, 0, 0]
        missing[axis] = Int32(extent - x.shape[axis])
        return Tensor(ggml_pad(context, x.raw, missing[0], missing[1], missing[2], missing[3]))
    }

    /// `x` with so many zeros before and after the elements of dimension 0.
    package func padded(_ x: Tensor, before: Int, after: Int) -> Tensor {
        Tensor(ggml_pad_ext(context, x.raw, Int32(before), Int32(after), 0, 0, 0, 0, 0, 0))
    }
}

/// Operations that change how elements are counted, not the elements.
extension Graph {
    package func reshape(_ x: Tensor, _ shape: Int...) -> Tensor {
        var extents = shape.map { Int64($0) }
        while extents.count < 4 { extents.append(1) }
        return Tensor(ggml_reshape_4d(context, x.raw, extents[0], extents[1], extents[2], extents[3]))
    }

    /// Dimension `i` of `x` becomes dimension `axes[i]` of the result. No copy.
    package func permute(_ x: Tensor, _ a: Int, _ b: Int, _ c: Int, _ d: Int) -> Tensor {
        Tensor(ggml_permute(context, x.raw, Int32(a), Int32(b), Int32(c), Int32(d)))
    }

    /// Dimensions 0 and 1 exchanged. No copy.
    package func transpose(_ x: Tensor) -> Tensor { Tensor(ggml_transpose(context, x.raw)) }

    /// A copy in memory order, which most operations ask for.
    package func contiguous(_ x: Tensor) -> Tensor {
        ggml_is_contiguous(x.raw) && !ggml_is_transposed(x.raw) ? x : Tensor(ggml_cont(context, x.raw))
    }

    /// Quantised elements as float32; others as they are.
    package func dequantised(_ x: Tensor) -> Tensor {
        x.type.blockLength == 1 ? x : Tensor(ggml_cast(context, x.raw, GGML_TYPE_F32))
    }

    /// Entries `range` of dimension `axis`. No copy.
    package func slice(_ x: Tensor, axis: Int, _ range: Range<Int>) -> Tensor {
        var extents = x.shape.map { Int64($0) }
        extents[axis] = Int64(range.count)
        return Tensor(
            ggml_view_4d(
                context, x.raw, extents[0], extents[1], extents[2], extents[3], x.stride(1), x.stride(2), x.stride(3),
                range.lowerBound * x.stride(axis)))
    }

    /// The last `count` entries of dimension `axis`, of which there are at least so many. No copy.
    package func suffix(_ x: Tensor, axis: Int, _ count: Int) -> Tensor {
        let length = x.shape[axis]
        return count == length ? x : slice(x, axis: axis, length - count..<length)
    }
}

/// How rotary position embeddings are laid out and how fast they turn.
public struct RotaryEmbedding: Hashable, Sendable {
    /// Which elements of a head form a rotated pair.
    public enum Layout: Hashable, Sendable {
        /// Elements 2i and 2i + 1 (Llama's GGUF files).
        case interleaved
        /// Elements i and i + half (GPT-NeoX, Qwen, Gemma).
        case halves

        var mode: Int32 { self == .interleaved ? Int32(GGML_ROPE_TYPE_NORMAL) : Int32(GGML_ROPE_TYPE_NEOX) }
    }

    /// Which elements are turned together.
    public var layout: Layout
    /// Leading elements of a head that are rotated.
    public var dimensions: Int
    /// Base of the frequencies' geometric series.
    public var base: Float
    /// Positions are multiplied by this: 1 / factor of linear scaling.
    public var frequencyScale: Float
    /// What the rotated elements are multiplied by, besides the factor that ggml derives for ``yarn``.
    public var magnitude: Float = 1
    /// How a context was extended; nil where it wasn't by YaRN.
    public var yarn: YaRN?

    /// YaRN (Peng et al., arXiv 2309.00071): slow rotations are scaled by ``frequencyScale``, fast ones are left as they are,
    /// and those between are mixed.
    public struct YaRN: Hashable, Sendable {
        /// Positions that the model was trained on before its context was extended.
        public var originalContextLength: Int
        /// Pairs that turn more often than this within the original context are not scaled (beta fast).
        public var fastRotations: Float
        /// Pairs that turn less often than this are fully scaled (beta slow).
        public var slowRotations: Float

        /// An extension of a context of so many positions.
        public init(originalContextLength: Int, fastRotations: Float, slowRotations: Float) {
            self.originalContextLength = originalContextLength
            self.fastRotations = fastRotations
            self.slowRotations = slowRotations
        }
    }

    /// An embedding by its numbers.
    public init(layout: Layout, dimensions: Int, base: Float, frequencyScale: Float = 1) {
        self.layout = layout
        self.dimensions = dimensions
        self.base = base
        self.frequencyScale = frequencyScale
    }
}
