import TensorGraph

/// Lane operations on a graphics processor that has kernels for them; what they don't cover is composed.
struct DeviceLaneOperations: LaneOperations {
    private let composed: ComposedLaneOperations
    private let device: Device

    /// - Returns: nil where the device has no such kernels.
    init?(_ composed: ComposedLaneOperations, on device: Device) {
        guard device.hasLaneKernels else { return nil }
        self.composed = composed
        self.device = device
    }

    var columns: LaneColumns { composed.columns }
    private var graph: Graph { columns.graph }

    func linear(_ x: Tensor, _ layers: [LinearWeights]) -> [Tensor] { composed.linear(x, layers) }
    func add(_ a: Tensor, _ b: Tensor) -> Tensor { composed.add(a, b) }
    func softmax(_ x: Tensor) -> Tensor { composed.softmax(x) }
    func marked(_ x: Tensor, at place: RegionPlace) -> Tensor { composed.marked(x, at: place) }

    func rotate(_ x: Tensor, positions: Tensor, _ rope: RotaryEmbedding, factors: Tensor?) -> Tensor {
        composed.rotate(x, positions: positions, rope, factors: factors)
    }

    func rmsNorm(_ x: Tensor, gain: Tensor?, epsilon: Float) -> Tensor {
        let groups = groups(of: x) { $0.derivative = $1.norm == .derivative }
        guard let groups, gain.map({ $0.elementCount == x.shape[0] }) ?? true else {
            return composed.rmsNorm(x, gain: gain, epsilon: epsilon)
        }
        return graph.deviceNorm(graph.contiguous(x), gain: gain, epsilon: epsilon, groups, on: device)
    }

    func gatedProduct(gate: Tensor, up: Tensor, _ function: ActivationFunction) -> Tensor {
        let groups = groups(of: gate) { group, rule in
            group.derivative = rule.activation == .derivative
            (group.gateFactor, group.upFactor) = (rule.gateFactor, rule.upFactor)
        }
        guard let groups, function == .silu || function == .geluTanh else {
            return composed.gatedProduct(gate: gate, up: up, function)
        }
        return graph.deviceGatedProduct(
            gate: graph.contiguous(gate), up: graph.contiguous(up), gelu: function == .geluTanh, groups, on: device)
    }

    func attention(
        queries: Tensor, keysAndValues: (keys: Tensor, values: Tensor)?, _ attention: SoftmaxAttention, layer: Int
    ) -> Tensor {
        // What layers share is written and read by ggml's operations, which know of each other.
        guard attention.softcap == nil, attention.sinks == nil, !attention.servesOtherLayers,
            let keysAndValues,
            composed.parts.allSatisfy({
                Graph.deviceAttends(composed.caches(of: $0, layer: layer), tokenCount: $0.tokens.count)
                    && !$0.scaledLayers.contains(layer)
            })
        else {
            return composed.attention(queries: queries, keysAndValues: keysAndValues, attention, layer: layer)
        }
        return composed.eachPart(queries: queries, keysAndValues: keysAndValues, attention) {
            part, history, queries, keysAndValues in
            guard let (keys, values) = keysAndValues else { return nil }
            let caches = composed.caches(of: part, layer: layer)
            let stored = graph.deviceStore(keys: keys, values: values, at: history.newRows, of: caches, on: device)
            guard let queries else {
                graph.include(stored)
                return nil
            }
            return graph.deviceAttention(
                queries: queries, mask: graph.suffix(history.mask, axis: 1, queries.shape[2]), stored: stored, caches,
                scale: attention.scale, LaneSequence.Rule(columns.all.groups[part.group].rule),
                headWeights: queries.shape[3] > 1 ? part.memory.regions.heads[layer] : nil, on: device)
        }
    }

    /// The groups of an activation as kernels take them; nil where there are too many.
    private func groups(
        of x: Tensor, _ set: (inout Graph.DeviceGroup, PropagationRule) -> Void
    ) -> [Graph.DeviceGroup]? {
        let layout = columns.layout(of: x)
        let groups = zip(layout.groups, layout.ranges).filter { !$0.1.isEmpty }.map { group, range in
            var own = Graph.DeviceGroup(group.size, firstColumn: range.lowerBound)
            set(&own, group.rule)
            return own
        }
        return groups.count <= Graph.deviceGroupLimit ? groups : nil
    }
}
