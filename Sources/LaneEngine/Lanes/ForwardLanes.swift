import TensorGraph

/// Forward mode: activations with any number of tangents beside them, those of several sequences as columns of one matrix.
///
/// An activation is a tensor `[width, heads, columns]`. A token's lane 0 is the primal, the model's own activation; every
/// other lane is a tangent, the sum over the region of `weight * relevance` on its way to the logits. Linear layers
/// don't tell columns apart: all of them pass in one matrix product. The other parts do: see ``LaneLayout`` and
/// ``LaneOperations``.
struct ForwardLanes: Propagation {
    let columns: LaneColumns
    /// Of each column, int32 `[columns]`, and of each wanted one.
    let positions, wantedPositions: Tensor
    /// The columns whose output is wanted, int32; nil where it is that of all that are left, or all are wanted in this layer.
    let wantedColumns: Tensor?
    let operations: any LaneOperations
    /// Where the sequences' tokens and states lie.
    let batch: LaneBatch
    /// Operations of a graph share it.
    let deltaNetScratch: Graph.LaneScratch
    /// Where regions of these sequences begin behind attention; elsewhere it costs nothing that they could.
    let places: Set<RegionPlace>
    /// Hears what enters and leaves attention; nil where nobody asks.
    var observer: AttentionObserver?

    private var graph: Graph { columns.graph }

    func wanted(_ x: Tensor) -> Tensor {
        guard let wantedColumns else { return x }
        let (width, heads) = (x.shape[0], x.shape[1])
        let rows = graph.rows(graph.reshape(x, width * heads, x.shape[2]), wantedColumns)
        return graph.reshape(rows, width, heads, wantedColumns.elementCount)
    }

    func linear(_ x: Tensor, _ weights: LinearWeights) -> Tensor { linear(x, [weights])[0] }

    func linear(_ x: Tensor, _ layers: [LinearWeights]) -> [Tensor] {
        let (width, count) = (x.shape[0] * x.shape[1], x.shape[2])
        let products = operations.linear(
            graph.reshape(x, width, count), layers.map { $0.scale == nil ? $0 : $0.unbiased })
        return zip(products, layers).map { scaled(graph.reshape($0, $0.shape[0], 1, count), $1) }
    }

    /// What a scale beside the matrix does to the product, and the bias with it.
    private func scaled(_ product: Tensor, _ weights: LinearWeights) -> Tensor {
        guard let scale = weights.scale else { return product }
        guard let bias = weights.bias else { return graph.multiply(product, scale) }
        return weights.scalesBias
            ? graph.multiply(biased(product, bias), scale) : biased(graph.multiply(product, scale), bias)
    }

    func projections(_ x: Tensor, query: LinearWeights, others: [LinearWeights]) -> [Tensor] {
        wantedColumns == nil ? linear(x, [query] + others) : [linear(wanted(x), query)] + linear(x, others)
    }

    func linearByHead(_ x: Tensor, _ weights: LinearWeights) -> Tensor {
        graph.multiplyMatrixByHead(weights.weight, x)
    }

    func add(_ a: Tensor, _ b: Tensor) -> Tensor { operations.add(a, b) }

    func biased(_ x: Tensor, _ bias: Tensor) -> Tensor {
        columns.eachGroup(x) { context, part in context.biased(part, bias) }
    }

    func shifted(_ x: Tensor, by offset: Float) -> Tensor {
        columns.eachGroup(x) { context, part in
            context.joined(of: part, graph.scale(context.primal(part), by: 1, offset: offset)) {
                context.tangents(part)
            }
        }
    }

    func scaled(_ x: Tensor, by factor: Float) -> Tensor { factor == 1 ? x : graph.scale(x, by: factor) }

    func centred(_ x: Tensor) -> Tensor { graph.subtract(x, graph.meanOfRows(x)) }

    func rmsNorm(_ x: Tensor, gain: Tensor?, epsilon: Float) -> Tensor {
        operations.rmsNorm(x, gain: gain, epsilon: epsilon)
    }

    func activated(_ x: Tensor, _ function: ActivationFunction) -> Tensor {
        columns.eachGroup(x) { context, part in
            let primal = context.primal(part)
            let gate = function.gate(primal, in: graph)
            let activated = graph.multiply(primal, gate)
            return context.joined(of: part, activated) {
                let slope = function.slope(
                    primal, gate: gate, activated: activated, context.rule.activation, in: graph)
                return graph.multiply(context.tangents(part), slope)
            }
        }
    }

    func gatedProduct(gate: Tensor, up: Tensor, _ function: ActivationFunction) -> Tensor {
        operations.gatedProduct(gate: gate, up: up, function)
    }

    func splitHeads(_ x: Tensor, count: Int) -> Tensor {
        let shape = x.shape
        return graph.reshape(x, shape[0] * shape[1] / count, count, shape[2])
    }

    func slice(_ x: Tensor, _ range: Range<Int>) -> Tensor { graph.contiguous(graph.slice(x, axis: 0, range)) }

    func joined(_ a: Tensor, _ b: Tensor) -> Tensor { graph.concatenate(a, b, axis: 0) }

    func tempered(_ x: Tensor, _ temperature: AttentionTemperature) -> Tensor {
        graph.multiply(x, temperature.factors(positions(of: x), in: graph))
    }

    func rotate(_ x: Tensor, _ rope: RotaryEmbedding, factors: Tensor?) -> Tensor {
        operations.rotate(x, positions: positions(of: x), rope, factors: factors)
    }

    private func positions(of x: Tensor) -> Tensor {
        x.shape[2] == positions.elementCount ? positions : wantedPositions
    }

    func attention(
        queries: Tensor, keysAndValues: (keys: Tensor, values: Tensor)?, _ attention: SoftmaxAttention, layer: Int
    ) -> Tensor {
        operations.attention(queries: queries, keysAndValues: keysAndValues, attention, layer: layer)
    }

    func convolved(_ x: Tensor, _ weights: Tensor, layer: Int) -> Tensor {
        graph.laneConvolution(x, weights, layer: layer, of: batch)
    }

    func deltaNet(_ x: Tensor, decays: Tensor, steps: Tensor, _ net: Graph.LaneDeltaNet, layer: Int) -> Tensor {
        graph.laneDeltaNet(
            x, decays: decays, steps: steps, net, layer: layer, of: batch, scratch: deltaNetScratch)
    }

    func damped(_ x: Tensor, by gates: Tensor) -> Tensor {
        columns.eachGroup(x, graph.reshape(gates, x.shape[0], x.shape[1], x.shape[2])) { context, x, gates in
            graph.multiply(x, graph.sigmoid(graph.contiguous(context.primal(gates))))
        }
    }

    func marked(_ x: Tensor, at place: RegionPlace) -> Tensor {
        places.contains(place) ? operations.marked(x, at: place) : x
    }

    func observed(_ output: Tensor, of input: Tensor, layer: Int) -> Tensor {
        guard let observer else { return output }
        // Copies, for what they are views of is overwritten.
        let copies = [input, output].map { graph.scale($0, by: 1) }
        copies.forEach(graph.output)
        observer.activations.append((layer, copies[0], copies[1]))
        return output
    }

    func route(_ logits: Tensor, _ routing: Routing, selectionBias: Tensor?) -> (experts: Tensor, weights: Tensor) {
        operations.route(logits, routing, selectionBias: selectionBias)
    }

    func linear(_ x: Tensor, _ weights: LinearWeights, experts: Tensor) -> Tensor {
        operations.multiplyMatrices(x, weights, experts: experts)
    }

    func weighed(_ x: Tensor, weights: Tensor) -> Tensor { operations.weighed(x, weights: weights) }

    func sumOfExperts(_ x: Tensor) -> Tensor { graph.sum(x, axis: 1) }
}
