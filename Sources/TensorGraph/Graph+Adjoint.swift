import CLlama

/// What the transposes of a transformer's operations are made of.
extension Graph {
    /// `W^T g` for weights `[in, out]` of any type and columns `[out, n]`: `[in, n]`, in float32.
    ///
    /// The transpose is made on the spot. `ggml_out_prod` would spare it, but decodes every weight again for each column.
    public func multiplyTransposedMatrix(_ w: Tensor, _ g: Tensor) -> Tensor {
        multiplyMatrix(contiguous(transpose(converted(w, to: .float32))), g)
    }

    /// A copy of `x` in another element type; `x` itself where it has that type.
    public func converted(_ x: Tensor, to type: ElementType) -> Tensor {
        x.type == type ? x : Tensor(ggml_cast(context, x.raw, type.raw))
    }

    /// `max(x, 0)`, element by element.
    public func positivePart(_ x: Tensor) -> Tensor { Tensor(ggml_relu(context, x.raw)) }
}
