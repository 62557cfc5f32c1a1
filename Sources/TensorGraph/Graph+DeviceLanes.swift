import CLaneKernels
import CLlama

/// Operations on all lanes for which a graphics processor has kernels: see `DeviceKernels.h`. Activations are contiguous.
extension Graph {
    /// What happens to the tokens of a group that lie in columns from `firstColumn` on.
    package struct DeviceGroup {
        package var group: LaneGroup
        package var firstColumn: Int
        /// The true derivative for the tangents, of a norm or an activation.
        package var derivative = false
        /// On the tangents of an activated gate, and of what it multiplies.
        package var gateFactor: Float = 0, upFactor: Float = 0

        package init(_ group: LaneGroup, firstColumn: Int) {
            self.group = group
            self.firstColumn = firstColumn
        }
    }

    /// At most so many groups in an operation.
    package static let deviceGroupLimit = Int(LANE_DEVICE_GROUPS)

    /// `gain * x / rms(x)`, `[width, heads, columns]`.
    package func deviceNorm(_ x: Tensor, gain: Tensor?, epsilon: Float, _ groups: [DeviceGroup], on device: Device)
        -> Tensor
    {
        deviceStep(x.shape, [x] + (gain.map { [$0] } ?? []), LANE_DEVICE_NORM, on: device) { step in
            step.epsilon = epsilon
            step.setGroups(groups)
        }
    }

    /// `silu(gate) * up`, or GELU's tanh form in place of SiLU.
    package func deviceGatedProduct(
        gate: Tensor, up: Tensor, gelu: Bool, _ groups: [DeviceGroup], on device: Device
    ) -> Tensor {
        deviceStep(gate.shape, [gate, up], LANE_DEVICE_GATED_PRODUCT, on: device) { step in
            step.gelu = gelu
            step.setGroups(groups)
        }
    }

    /// Whether there is a kernel for attention of so many tokens to such caches.
    package static func deviceAttends(_ caches: LaneCaches, tokenCount: Int) -> Bool {
        let (keys, values) = (caches.keys[0], caches.values[0])
        return tokenCount <= LANE_DEVICE_TOKENS && caches.keys.count <= LANE_DEVICE_LANES && keys.type == values.type
            && [.float32, .float16, .bfloat16].contains(keys.type) && keys.shape[0] == values.shape[0]
            && keys.shape[0] % 8 == 0 && keys.shape[0] <= LANE_DEVICE_WIDTH
    }

    /// Writes keys and values `[headWidth, keyValueHeads, tokens, lanes]` into rows (int64) of the caches. The result carries nothing;
    /// whoever reads the caches names it.
    package func deviceStore(
        keys: Tensor, values: Tensor, at rows: Tensor, of caches: LaneCaches, on device: Device
    ) -> Tensor {
        deviceStep([1, 1, 1, 1], [keys, values, rows] + caches.all, LANE_DEVICE_STORE, on: device) { step in
            step.lane_count = Int32(caches.keys.count)
        }
    }

    /// Softmax attention of queries `[headWidth, heads, tokens, lanes]`: `[headWidth * heads, 1, tokens, lanes]`.
    /// - Parameters:
    ///   - mask: `[rows, tokens]`, added to the scores of the caches' first rows.
    ///   - headWeights: `[1, 1, heads, tangents]`, whose products with the primal's output are added to the tangents.
    package func deviceAttention(
        queries: Tensor, mask: Tensor, stored: Tensor, _ caches: LaneCaches, scale: Float, _ rule: LaneSequence.Rule,
        headWeights: Tensor?, on device: Device
    ) -> Tensor {
        let (width, heads, tokens, lanes) = (queries.shape[0], queries.shape[1], queries.shape[2], queries.shape[3])
        let chunks = (mask.shape[0] + Int(LANE_DEVICE_ROWS) - 1) / Int(LANE_DEVICE_ROWS)
        let size = Int(lane_device_partial_size(Int32(width), Int32(lanes)))
        let partials = deviceStep(
            [size, chunks, heads, tokens], [queries, mask, stored] + caches.all, LANE_DEVICE_ATTEND, on: device
        ) { step in
            step.lane_count = Int32(lanes)
            step.scale = scale
            step.score_factor = rule.scoreFactor
            step.value_factor = rule.valueFactor
        }
        return deviceStep(
            [width * heads, 1, tokens, lanes], [partials] + (headWeights.map { [$0] } ?? []), LANE_DEVICE_COMBINE,
            on: device
        ) { step in
            step.lane_count = Int32(lanes)
        }
    }

    private func deviceStep(
        _ shape: [Int], _ sources: [Tensor], _ kind: lane_device_kind, on device: Device,
        _ set: (inout lane_device_step) -> Void
    ) -> Tensor {
        var step = lane_device_step()
        step.mark = LANE_DEVICE_MARK
        step.kind = kind
        set(&step)
        let extents = shape.map { Int64($0) } + Array(repeating: 1, count: 4 - shape.count)
        var raw: [UnsafeMutablePointer<ggml_tensor>?] = sources.map(\.raw)
        let result: UnsafeMutablePointer<ggml_tensor> = ggml_custom_4d(
            context, GGML_TYPE_F32, extents[0], extents[1], extents[2], extents[3], &raw, Int32(raw.count),
            lane_device_step_run, 1, keep(step))
        deviceSteps.append((result, device))
        return Tensor(result)
    }
}

extension LaneCaches {
    fileprivate var all: [Tensor] { keys + values }
}

extension lane_device_step {
    fileprivate mutating func setGroups(_ new: [Graph.DeviceGroup]) {
        group_count = Int32(new.count)
        withUnsafeMutableBytes(of: &groups) { bytes in
            let groups = bytes.bindMemory(to: lane_device_group.self)
            for (index, group) in new.prefix(groups.count).enumerated() {
                groups[index] = lane_device_group(
                    first_column: Int32(group.firstColumn), token_count: Int32(group.group.tokenCount),
                    lane_count: Int32(group.group.laneCount), derivative: group.derivative,
                    gate_factor: group.gateFactor, up_factor: group.upFactor)
            }
        }
    }
}
