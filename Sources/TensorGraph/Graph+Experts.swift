import CLlama

/// What a mixture of experts is made of: for each column some of many matrices.
extension Graph {
    /// The indices of the `count` largest elements along dimension 0, largest first, for `[n, columns]`: int32
    /// `[count, columns]`.
    package func indicesOfLargest(_ x: Tensor, count: Int) -> Tensor {
        contiguous(Tensor(ggml_argsort_top_k(context, x.raw, Int32(count))))
    }

    /// The elements `indices` (int32 `[count, columns]`) of each column of `[n, columns]`: `[count, columns]`.
    package func elements(_ x: Tensor, at indices: Tensor) -> Tensor {
        let (count, columns) = (indices.shape[0], indices.shape[1])
        return reshape(rows(reshape(x, 1, x.shape[0], columns), indices), count, columns)
    }

    /// The sum over `axis`, which has few entries: its extent becomes 1.
    package func sum(_ x: Tensor, axis: Int) -> Tensor {
        let parts = (0..<x.shape[axis]).map { slice(x, axis: axis, $0..<$0 + 1) }
        return contiguous(parts.dropFirst().reduce(parts[0], add))
    }

    /// The other way round: columns shaped as those of `model`, with the elements of `x` `[chosen, columns]` at `indices` and
    /// zeros elsewhere.
    package func scattered(_ x: Tensor, to indices: Tensor, like model: Tensor) -> Tensor {
        let (chosen, count, columns) = (x.shape[0], model.shape[0], x.shape[1])
        let zeros = reshape(filled(model, with: 0), 1, count, columns)
        return reshape(writeRows(reshape(x, 1, chosen, columns), into: zeros, at: indices), count, columns)
    }

    /// A tensor shaped as `model`, all of whose elements are `value`.
    package func filled(_ model: Tensor, with value: Float) -> Tensor { Tensor(ggml_fill(context, model.raw, value)) }

    /// int32 `[n, columns]` repeated side by side: `[n, columns * count]`.
    package func repeatedColumns(_ x: Tensor, count: Int) -> Tensor {
        let (height, columns) = (x.shape[0], x.shape[1])
        return count == 1 ? x : reshape(repeated(x, height, columns, count, 1), height, columns * count)
    }

    /// `W_e x` for matrices `[in, out, experts]`, columns `[in, 1 or used, n]` and the experts of each, int32 `[used, n]`:
    /// `[out, used, n]`.
    package func multiplyMatrices(_ w: Tensor, _ x: Tensor, experts: Tensor) -> Tensor {
        Tensor(ggml_mul_mat_id(context, w.raw, x.raw, experts.raw))
    }

    /// `W_e^T g` for matrices `[in, out, experts]` of any type and columns `[out, used, n]`: `[in, used, n]`, in float32.
    ///
    /// The transposes are made on the spot, of a block of rows of all experts at a time.
    package func multiplyTransposedMatrices(_ w: Tensor, _ g: Tensor, experts: Tensor) -> Tensor {
        let parts = stride(from: 0, to: w.shape[1], by: Self.transposedRowCount(of: w.shape)).map { start in
            let rows = start..<min(start + Self.transposedRowCount(of: w.shape), w.shape[1])
            let block = transpose(converted(slice(w, axis: 1, rows), to: .float32))
            return multiplyMatrices(contiguous(block), contiguous(slice(g, axis: 0, rows)), experts: experts)
        }
        return parts.dropFirst().reduce(parts[0], add)
    }

    /// Rows whose transposes take about 64 MiB.
    private static func transposedRowCount(of shape: [Int]) -> Int {
        max(1, (64 << 20) / (4 * shape[0] * shape[2]))
    }

    /// An upper bound of the tensors that ``multiplyTransposedMatrices(_:_:experts:)`` adds for matrices of this shape.
    package static func transposedTensorCount(experts shape: [Int]) -> Int {
        let rows = transposedRowCount(of: shape)
        return 8 * ((shape[1] + rows - 1) / rows)
    }
}
