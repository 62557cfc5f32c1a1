import TensorGraph

/// Where regions begin behind attention: what they hold of the primal is added to their tangents. And what is added to the primal there.
extension ComposedLaneOperations {
    private var graph: Graph { columns.graph }

    func marked(_ x: Tensor, at place: RegionPlace) -> Tensor {
        let isWhole = x.shape[2] == columns.all.columnCount
        var pieces = [[Tensor]](repeating: [], count: columns.all.groups.count)
        let groups = columns.groups(of: x)
        for part in parts {
            let tokens = isWhole ? part.tokens : part.wantedTokens
            guard !tokens.isEmpty, let group = groups[part.group] else { continue }
            let own = tokens.count == group.shape[2] ? group : graph.contiguous(graph.slice(group, axis: 2, tokens))
            pieces[part.group].append(marked(own, part.memory, at: place))
        }
        return columns.joined(
            pieces.filter { !$0.isEmpty }.map { group in
                group.dropFirst().reduce(group[0]) { graph.concatenate($0, $1, axis: 2) }
            })
    }

    /// Of one sequence, `[width, 1, tokens, lanes]`.
    private func marked(_ x: Tensor, _ memory: SequenceMemory, at place: RegionPlace) -> Tensor {
        let addition = place.kind == .residualStream ? memory.additions[place.layer] : nil
        guard x.shape[3] > 1 else { return addition.map { graph.add(x, $0) } ?? x }
        let regions = memory.regions
        let own = graph.contiguous(graph.slice(x, axis: 3, 0..<1))
        let primal = addition.map { graph.add(own, $0) } ?? own
        let features = place.kind == .residualStream ? regions.features[place.layer] : nil
        let active = features.map { activations(of: primal, $0) }
        func held(_ lane: Int) -> Tensor? {
            func own(_ weights: Tensor) -> Tensor { graph.slice(weights, axis: 3, lane..<lane + 1) }
            switch place.kind {
            case .heads: return nil
            case .neurons: return regions.neurons[place.layer].map { graph.multiply(primal, own($0)) }
            case .residualStream:
                guard let features, let active else { return nil }
                return graph.multiplyMatrix(
                    graph.contiguous(graph.transpose(features.decoders)), graph.multiply(active, own(features.weights)))
            }
        }
        return (1..<x.shape[3]).reduce(primal) { lanes, lane in
            let tangent = graph.slice(x, axis: 3, lane..<lane + 1)
            return graph.concatenate(lanes, held(lane - 1).map { graph.add(tangent, $0) } ?? tangent, axis: 3)
        }
    }
    /// `[features, 1, tokens, 1]`.
    private func activations(of primal: Tensor, _ features: RegionTensors.Features) -> Tensor {
        let activations = graph.add(graph.multiplyMatrix(features.encoders, primal), features.biases)
        return graph.multiply(activations, graph.step(graph.subtract(activations, features.thresholds)))
    }
}
