import CLaneKernels
import CLlama

/// A computation: tensors that are inputs, tensors that follow from others, and the outputs that are wanted.
///
/// A graph is described once, placed by a ``GraphPlan`` and computed as often as its inputs change.
package final class Graph {
    let context: OpaquePointer
    let raw: OpaquePointer
    let capacity: Int
    /// What operations of ours read while the graph is computed.
    private var parameters: [UnsafeMutableRawPointer] = []
    /// Operations of ours, by their results.
    var steps: [UnsafeMutablePointer<ggml_tensor>: UnsafeMutablePointer<lane_step>] = [:]
    /// Operations of ours that only the device has which they are meant for.
    var deviceSteps: [(result: UnsafeMutablePointer<ggml_tensor>, device: Device)] = []
    var origins: [UnsafeMutablePointer<ggml_tensor>: Origin] = [:]
    var rotations: [RotationKey: Tensor] = [:]
    private var objects: [AnyObject] = []

    /// An empty graph for at most `capacity` tensors.
    package init(capacity: Int) throws {
        let byteCount = capacity * ggml_tensor_overhead() + ggml_graph_overhead_custom(capacity, false)
        guard let context = ggml_init(ggml_init_params(mem_size: byteCount, mem_buffer: nil, no_alloc: true)) else {
            throw TensorGraphError.outOfMemory(purpose: "a computation graph", byteCount: byteCount)
        }
        self.context = context
        self.capacity = capacity
        raw = ggml_new_graph_custom(context, capacity, false)
    }

    deinit {
        ggml_free(context)
        parameters.forEach { $0.deallocate() }
    }

    /// A copy of `value` that lives as long as the graph.
    func keep<Value: BitwiseCopyable>(_ value: Value) -> UnsafeMutableRawPointer {
        let copy = UnsafeMutablePointer<Value>.allocate(capacity: 1)
        copy.initialize(to: value)
        parameters.append(copy)
        return UnsafeMutableRawPointer(copy)
    }

    /// A copy of `values` that lives as long as the graph.
    func keep<Value: BitwiseCopyable>(_ values: [Value]) -> UnsafeMutablePointer<Value> {
        let copy = UnsafeMutablePointer<Value>.allocate(capacity: max(1, values.count))
        copy.initialize(from: values, count: values.count)
        parameters.append(UnsafeMutableRawPointer(copy))
        return copy
    }

    /// Lets `object` live as long as the graph.
    func keepAlive(_ object: AnyObject) {
        if objects.last !== object { objects.append(object) }
    }

    /// Memory for `count` floats that lives as long as the graph.
    func scratch(count: Int) -> UnsafeMutablePointer<Float> {
        let memory = UnsafeMutableRawPointer.allocate(byteCount: 4 * count, alignment: 64)
        parameters.append(memory)
        return memory.assumingMemoryBound(to: Float.self)
    }

    /// A tensor whose values are written before each computation.
    package func input(_ type: ElementType, _ shape: Int..., name: String) -> Tensor {
        let extents = shape.map { Int64($0) }
        let tensor: UnsafeMutablePointer<ggml_tensor> = ggml_new_tensor(context, type.raw, Int32(shape.count), extents)
        ggml_set_name(tensor, name)
        ggml_set_input(tensor)
        return Tensor(tensor)
    }

    /// Marks `tensor` as wanted: it is computed, and keeps its values until the next computation.
    package func output(_ tensor: Tensor) {
        ggml_set_output(tensor.raw)
        ggml_build_forward_expand(raw, tensor.raw)
    }

    /// Lets no other tensor take the memory of `tensor`, which is needed to the end.
    package func keepValues(of tensor: Tensor) { ggml_set_output(tensor.raw) }

    /// Adds `tensor`, and what it depends on, to the computation now: effects happen in the order of these calls.
    package func include(_ tensor: Tensor) { ggml_build_forward_expand(raw, tensor.raw) }

    /// Number of operations.
    package var nodeCount: Int { Int(ggml_graph_n_nodes(raw)) }
}
