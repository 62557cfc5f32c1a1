import CLaneKernels
import CLlama

/// Keys and values of one layer: for each lane `[headWidth, capacity, keyValueHeads]`; the capacity is a multiple of 32, since
/// attention reads positions in blocks.
package struct LaneCaches {
    package var keys, values: [Tensor]

    package init(keys: [Tensor], values: [Tensor]) {
        self.keys = keys
        self.values = values
    }

    fileprivate var raw: lane_caches {
        var caches = lane_caches()
        withUnsafeMutableBytes(of: &caches.keys) { $0.copyTensors(keys) }
        withUnsafeMutableBytes(of: &caches.values) { $0.copyTensors(values) }
        return caches
    }
}

/// The states that a recurrent layer keeps in place of keys and values.
package struct LaneStates {
    /// `[size, lanes, slots]`, float32, in the CPU's memory. Of a lane the convolution's come first.
    package var tensor: Tensor
    package var convolutionSize: Int

    package init(_ tensor: Tensor, convolutionSize: Int) {
        self.tensor = tensor
        self.convolutionSize = convolutionSize
    }

    fileprivate var raw: lane_states {
        lane_states(
            memory: tensor.raw.pointee.data.assumingMemoryBound(to: Float.self), size: tensor.shape[0],
            convolution_size: convolutionSize, lane_count: Int32(tensor.shape[1]))
    }
}

extension UnsafeMutableRawBufferPointer {
    fileprivate func copyTensors(_ tensors: [Tensor]) {
        let pointers = bindMemory(to: UnsafeMutablePointer<ggml_tensor>?.self)
        for (index, tensor) in tensors.prefix(pointers.count).enumerated() { pointers[index] = tensor.raw }
    }
}

/// What each layer must know of a sequence: its caches, and where its regions begin. Whoever makes it keeps the tensors.
package final class LaneLayers {
    /// Features of the residual stream: what they hold of the primal is added to the tangents. Tensors, float32, in the CPU's memory.
    package struct Features {
        /// `[width, features]`.
        let encoders, decoders: Tensor
        /// `[features]`.
        let biases, thresholds: Tensor
        /// `[features, 1, 1, tangents]`.
        let weights: Tensor

        package init(encoders: Tensor, decoders: Tensor, biases: Tensor, thresholds: Tensor, weights: Tensor) {
            self.encoders = encoders
            self.decoders = decoders
            self.biases = biases
            self.thresholds = thresholds
            self.weights = weights
        }
    }

    /// Tensors, float32, in the CPU's memory.
    package struct Layer {
        package var caches: LaneCaches
        package var states: LaneStates?
        /// `[1, 1, heads, tangents]`: the primal's head outputs times these are added to the tangents.
        package var headWeights: Tensor?
        /// `[neurons, 1, 1, tangents]`, likewise.
        package var neuronWeights: Tensor?
        package var features: Features?
        /// `[width]`, added to the primal's residual stream behind the layer.
        package var addition: Tensor?

        package init(caches: LaneCaches, headWeights: Tensor? = nil) {
            self.caches = caches
            self.headWeights = headWeights
        }

        fileprivate var raw: lane_layer {
            func floats(_ tensor: Tensor?) -> UnsafePointer<Float>? {
                tensor.map { UnsafePointer($0.raw.pointee.data.assumingMemoryBound(to: Float.self)) }
            }
            return lane_layer(
                caches: caches.raw, states: states?.raw ?? lane_states(), head_weights: floats(headWeights),
                neuron_weights: floats(neuronWeights),
                features: lane_features(
                    encoders: floats(features?.encoders), decoders: floats(features?.decoders),
                    biases: floats(features?.biases), thresholds: floats(features?.thresholds),
                    weights: floats(features?.weights), count: Int32(features?.encoders.shape[1] ?? 0)),
                addition: floats(addition))
        }
    }

    fileprivate let raw: UnsafeMutableBufferPointer<lane_layer>

    package init(_ layers: [Layer]) {
        raw = .allocate(capacity: layers.count)
        for (index, layer) in layers.enumerated() { raw.initializeElement(at: index, to: layer.raw) }
    }

    deinit { raw.deallocate() }
}

/// New tokens of one sequence: where they are, in the sequence and among the columns of a batch.
package struct LaneSequence {
    /// Columns of the tokens of some lanes: `first + lane * stride + token`.
    package struct Columns {
        package var first, stride: Int

        package init(first: Int, stride: Int) {
            self.first = first
            self.stride = stride
        }
    }

    /// What attention does to tangents.
    package struct Rule {
        /// For tangents the derivative of soft-capping, in place of its ratio.
        package var softcapDerivative: Bool
        /// On the tangents of scores; 0: attention weights are constants.
        package var scoreFactor: Float
        /// On the tangents of values; positive.
        package var valueFactor: Float

        package init(softcapDerivative: Bool = false, scoreFactor: Float, valueFactor: Float) {
            self.softcapDerivative = softcapDerivative
            self.scoreFactor = scoreFactor
            self.valueFactor = valueFactor
        }
    }

    package var layers: LaneLayers
    /// Position of the first new token.
    package var start: Int
    package var tokenCount: Int
    /// So many of them, the last ones, attend.
    package var queryCount: Int
    package var laneCount: Int
    /// Of all new tokens, and of those that attend.
    package var columns, queryColumns: Columns
    package var rule: Rule
    /// What is added to the scores of its keys.
    package var keyBiases: KeyBiases?
    /// What they are multiplied by before.
    package var keyFactors: KeyFactors?
    /// Where recurrent layers find and leave their states.
    package var states = StateSlots()

    /// The slots of states before the new tokens, nil where all are zero, and behind them; two different ones.
    package struct StateSlots {
        package var before: Int?
        package var after: Int

        package init(before: Int? = nil, after: Int = 0) {
            self.before = before
            self.after = after
        }
    }

    package init(
        _ layers: LaneLayers, start: Int, tokenCount: Int, queryCount: Int, laneCount: Int, columns: Columns,
        queryColumns: Columns, rule: Rule, keyBiases: KeyBiases? = nil
    ) {
        self.layers = layers
        self.start = start
        self.tokenCount = tokenCount
        self.queryCount = queryCount
        self.laneCount = laneCount
        self.columns = columns
        self.queryColumns = queryColumns
        self.rule = rule
        self.keyBiases = keyBiases
    }

    fileprivate var raw: lane_sequence {
        lane_sequence(
            start: Int32(start), token_count: Int32(tokenCount), query_count: Int32(queryCount),
            lane_count: Int32(laneCount), first_column: Int32(columns.first), lane_stride: Int32(columns.stride),
            first_query_column: Int32(queryColumns.first), query_lane_stride: Int32(queryColumns.stride),
            softcap_derivative: rule.softcapDerivative, score_factor: rule.scoreFactor, value_factor: rule.valueFactor,
            key_biases: keyBiases.map { UnsafePointer($0.raw) }, key_bias_count: Int32(keyBiases?.values.count ?? 0),
            key_factors: keyFactors.map { UnsafePointer($0.raw) },
            key_factor_count: Int32(keyFactors?.values.count ?? 0),
            factor_layers: keyFactors.map { UnsafePointer($0.rawLayers) },
            state_before: Int32(states.before ?? -1), state_after: Int32(states.after),
            layers: UnsafePointer(layers.raw.baseAddress))
    }
}

/// The sequences that a graph's attention is about. They may change from one computation to the next.
package final class LaneBatch {
    let raw: UnsafeMutablePointer<lane_batch>
    private var sequences: [LaneSequence] = []

    package init() {
        raw = .allocate(capacity: 1)
        raw.initialize(to: lane_batch(count: 0, sequences: nil))
    }

    deinit {
        raw.pointee.sequences?.deallocate()
        raw.deallocate()
    }

    /// Sets the sequences of the next computation, and keeps what they refer to.
    package func write(_ sequences: [LaneSequence]) {
        raw.pointee.sequences?.deallocate()
        let copy = UnsafeMutablePointer<lane_sequence>.allocate(capacity: max(1, sequences.count))
        for (index, sequence) in sequences.enumerated() { (copy + index).initialize(to: sequence.raw) }
        raw.pointee = lane_batch(count: Int32(sequences.count), sequences: copy)
        self.sequences = sequences
    }
}

extension Graph {
    /// Writes keys and values `[headWidth, keyValueHeads, columns]` of a batch's new tokens to the caches of `layer`. The
    /// result carries nothing but the order of things.
    package func laneStore(keys: Tensor, values: Tensor, layer: Int, of batch: LaneBatch) -> Tensor {
        keepAlive(batch)
        return step(
            [1, 1, 1, 1], [keys, values], lane_store,
            lane_store_parameters(batch: UnsafePointer(batch.raw), layer: Int32(layer)), partCount: parts(keys))
    }

    /// What attention may differ in from layer to layer.
    package struct LaneAttention {
        package var scale: Float
        package var slidingWindow: Int?
        /// Scores are soft-capped at this.
        package var softcap: Float?
        /// `[heads]`, float32, in the CPU's memory: for each head a logit more, without a value.
        package var sinks: Tensor?

        package init(scale: Float, slidingWindow: Int?, softcap: Float? = nil, sinks: Tensor? = nil) {
            self.scale = scale
            self.slidingWindow = slidingWindow
            self.softcap = softcap
            self.sinks = sinks
        }
    }

    /// Causal attention of `queries` `[headWidth, heads, columns]`, each over its own sequence's caches of `layer`, as `stored`
    /// left them; nil where an earlier operation of the graph has.
    /// - Parameter scratch: from ``laneAttentionScratch(headWidth:laneCount:threadCount:)``; operations of a graph share it.
    package func laneAttention(
        queries: Tensor, stored: Tensor?, keyValueHeads: Int, layer: Int, of batch: LaneBatch,
        _ attention: LaneAttention, scratch: LaneScratch
    ) -> Tensor {
        keepAlive(batch)
        let parameters = lane_attention_parameters(
            batch: UnsafePointer(batch.raw), layer: Int32(layer), key_value_heads: Int32(keyValueHeads),
            window: Int32(attention.slidingWindow ?? 0), scale: attention.scale, softcap: attention.softcap ?? 0,
            sinks: (attention.sinks?.raw).map { UnsafePointer($0) }, scratch: scratch.memory,
            thread_count: Int32(scratch.threadCount), lane_limit: Int32(scratch.laneCount))
        let blocks = (queries.shape[1] / keyValueHeads * queries.shape[2] + 15) / 16
        return step(
            queries.shape, [queries] + (stored.map { [$0] } ?? []), lane_attention, parameters,
            partCount: max(scratch.threadCount, min(keyValueHeads * blocks, 8 * scratch.threadCount)),
            threadLimit: scratch.threadCount)
    }

    /// An activation `[width, heads, columns]` of the tokens that attend, with what the sequences' regions hold of it added to its
    /// tangents: of a layer's residual stream by their features, or else of its neurons. To the primal's residual stream is added
    /// what the sequences add there.
    package func laneRegion(_ x: Tensor, layer: Int, isResidualStream: Bool, of batch: LaneBatch) -> Tensor {
        keepAlive(batch)
        let parameters = lane_region_parameters(
            batch: UnsafePointer(batch.raw), layer: Int32(layer), residual_stream: isResidualStream)
        return step(x.shape, [contiguous(x)], lane_region, parameters, partCount: parts(x))
    }

    /// - Parameter laneCount: the most that a sequence has.
    package func laneAttentionScratch(headWidth: Int, laneCount: Int, threadCount: Int) -> LaneScratch {
        let count = lane_attention_scratch_count(Int32(headWidth), Int32(laneCount))
        return LaneScratch(
            memory: scratch(count: count * threadCount), threadCount: threadCount, laneCount: laneCount)
    }
}
