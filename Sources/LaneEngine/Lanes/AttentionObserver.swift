import TensorGraph

/// What enters and leaves the attention of each layer, in their order, as a graph is built.
final class AttentionObserver {
    var activations: [(layer: Int, input: Tensor, output: Tensor)] = []

    /// Of a single token, once it has been computed.
    var values: [AttentionActivation] {
        activations.map { activation in
            AttentionActivation(
                layer: activation.layer,
                input: activation.input.readFloats(0..<activation.input.shape[0]),
                output: activation.output.readFloats(0..<activation.output.shape[0]))
        }
    }
}
