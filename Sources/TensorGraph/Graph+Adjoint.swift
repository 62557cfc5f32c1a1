import CLlama

/// What the transposes of a transformer's operations are made of.
extension Graph {
    /// `W^T g` for weights `[in, out]` of any type and columns `[out, n]`: `[in, n]`, in float32.
    ///
    /// The transpose is made on the spot, a block of rows at a time. `ggml_out_prod` would spare it, but decodes every
    /// weight again for each column.
    package func multiplyTransposedMatrix(_ w: Tensor, _ g: Tensor) -> Tensor {
        let parts = stride(from: 0, to: w.shape[1], by: Self.transposedRowCount).map { start in
            let rows = start..<min(start + Self.transposedRowCount, w.shape[1])
            let block = transpose(converted(slice(w, axis: 1, rows), to: .float32))
            return multiplyMatrix(contiguous(block), contiguous(slice(g, axis: 0, rows)))
        }
        return parts.dropFirst().reduce(parts[0], add)
    }

    /// `W_h^T g` for matrices `[in, out, heads]` of any type and `[out, heads, tokens, lanes]`: `[in, heads, tokens, lanes]`, in
    /// float32.
    package func multiplyTransposedMatrixByHead(_ w: Tensor, _ g: Tensor) -> Tensor {
        multiplyMatrixByHead(contiguous(transpose(converted(w, to: .float32))), g)
    }

    /// As many rows as the processor's caches of data and addresses can walk side by side.
    private static let transposedRowCount = 1024

    /// An upper bound of the tensors that ``multiplyTransposedMatrix(_:_:)`` adds for weights `[in, out]`.
    package static func transposedTensorCount(out: Int) -> Int {
        8 * ((out + transposedRowCount - 1) / transposedRowCount)
    }

    /// A copy of `x` in another element type; `x` itself where it has that type.
    package func converted(_ x: Tensor, to type: ElementType) -> Tensor {
        x.type == type ? x : Tensor(ggml_cast(context, x.raw, type.raw))
    }

    /// `max(x, 0)`, element by element.
    package func positivePart(_ x: Tensor) -> Tensor { Tensor(ggml_relu(context, x.raw)) }
}
