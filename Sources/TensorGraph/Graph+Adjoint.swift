import CLlama

/// What the transposes of a transformer's operations are made of.
extension Graph {
    /// `W_h^T g` for matrices `[in, out, heads]` of any type and `[out, heads, tokens, lanes]`: `[in, heads, tokens, lanes]`, in
    /// float32.
    package func multiplyTransposedMatrixByHead(_ w: Tensor, _ g: Tensor) -> Tensor {
        multiplyMatrixByHead(contiguous(transpose(converted(w, to: .float32))), g)
    }

    /// A copy of `x` in another element type; `x` itself where it has that type.
    package func converted(_ x: Tensor, to type: ElementType) -> Tensor {
        x.type == type ? x : Tensor(ggml_cast(context, x.raw, type.raw))
    }

    /// `max(x, 0)`, element by element.
    package func positivePart(_ x: Tensor) -> Tensor { Tensor(ggml_relu(context, x.raw)) }
}
