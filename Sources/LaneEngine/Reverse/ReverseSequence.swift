import TensorGraph

/// What all layers' graphs of one sequence share: the positions of its tokens, the memory that they are computed in, one after the
/// other, and the processors that compute them.
final class ReverseSequence {
    let tokenCount: Int
    /// int32 `[tokens]`.
    let positions: Tensor
    let stream: ComputeStream
    let memory = GraphMemory()
    private let buffer: TensorBuffer

    init(tokenCount: Int, on stream: ComputeStream) throws {
        self.tokenCount = tokenCount
        self.stream = stream
        buffer = try TensorBuffer([(.int32, [tokenCount])], on: .cpu, purpose: "positions")
        positions = buffer.tensors[0]
        positions.write((0..<tokenCount).map { Int32($0) })
    }
}
