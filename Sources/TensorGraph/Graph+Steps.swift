import CLaneKernels
import CLlama

/// Operations of ours in a graph. A ``GraphPlan`` on the CPU has its own threads go through them; elsewhere they are ggml's
/// custom operations.
extension Graph {
    /// What became of an operation, for those that follow: some can take it over as a part of themselves, and if all do, it is
    /// never computed.
    enum Origin {
        case norm(of: Tensor, gain: Tensor, lane_norms)
        case rotation(of: Tensor, positions: Tensor, RotaryEmbedding, factors: Tensor?)
        case product(LaneProduct)
    }

    /// The operation that `x`, or what it is a view of, comes from.
    func origin(of x: Tensor) -> Origin? {
        var raw = x.raw
        while let source = raw.pointee.view_src { raw = source }
        return origins[raw]
    }

    /// Appends an operation in `partCount` parts, any of which any thread can do.
    func step<Parameters: BitwiseCopyable>(
        _ shape: [Int], _ sources: [Tensor], _ function: @escaping StepFunction, _ parameters: Parameters,
        partCount: Int,
        threadLimit: Int = .max, origin: Origin? = nil
    ) -> Tensor {
        let step = keep(
            lane_step(
                function: function, result: nil, parameters: keep(parameters), part_count: Int32(max(1, partCount)),
                thread_limit: Int32(clamping: threadLimit))
        ).assumingMemoryBound(to: lane_step.self)
        var raw: [UnsafeMutablePointer<ggml_tensor>?] = sources.map(\.raw)
        let result: UnsafeMutablePointer<ggml_tensor> = ggml_custom_4d(
            context, GGML_TYPE_F32, Int64(shape[0]), Int64(shape[1]), Int64(shape[2]), Int64(shape[3]), &raw,
            Int32(raw.count), lane_step_run, GGML_N_TASKS_MAX, step)
        step.pointee.result = result
        steps[result] = step
        origins[result] = origin
        return Tensor(result)
    }

    typealias StepFunction =
        @convention(c) (UnsafeMutablePointer<ggml_tensor>?, lane_share, UnsafeMutableRawPointer?) -> Void
}
