import TensorGraph

/// A gated delta net in place of softmax attention (arXiv 2412.06464): a short convolution makes queries, keys and values of all heads,
/// whose states take the place of cached keys and values.
public struct DeltaNet: Sendable, Hashable {
    /// Heads of queries and keys; each serves `valueHeadCount / keyHeadCount` heads of values.
    public var keyHeadCount, valueHeadCount: Int
    /// Elements of one head's query, key and value.
    public var headWidth: Int
    /// Inputs that the convolution looks at.
    public var convolutionLength: Int
    /// Whether value head h reads key head `h % keyHeadCount`; else neighbours share one.
    public var repeatsKeys: Bool

    /// Channels of the convolution: queries, keys, values.
    var channelCount: Int { (2 * keyHeadCount + valueHeadCount) * headWidth }
    var outputWidth: Int { valueHeadCount * headWidth }

    /// Elements of the convolution's states, and of all of a lane's.
    var convolutionStateSize: Int { (convolutionLength - 1) * channelCount }
    var stateSize: Int { convolutionStateSize + valueHeadCount * headWidth * headWidth }

    /// As the kernels know it.
    func lane(_ weights: DeltaNetWeights, epsilon: Float) -> Graph.LaneDeltaNet {
        Graph.LaneDeltaNet(
            width: headWidth, keyHeads: keyHeadCount, valueHeads: valueHeadCount, repeatsKeys: repeatsKeys,
            epsilon: epsilon, decayRate: weights.decayRate, decayBias: weights.decayBias)
    }
}

extension ModelConfiguration {
    /// Elements of a head of the widest delta net; 0 where there is none.
    var deltaNetWidth: Int { attention.reduce(0) { max($0, $1.deltaNet?.headWidth ?? 0) } }
}

struct DeltaNetWeights: Sendable {
    /// From the input to what is convolved.
    var mixed: LinearWeights
    /// `[inputs, channels]`.
    var convolution: Tensor
    /// From the input to what decays and steps are made of; nil where `step` holds both, key head by key head steps before decays.
    var decay: LinearWeights?
    var step: LinearWeights
    /// `[valueHeads]`.
    var decayRate, decayBias: Tensor
    /// Of the heads' outputs, `[headWidth]`, and from the input to the gate that they are multiplied with then.
    var norm: NormWeights
    var gate, output: LinearWeights
}

extension MetadataReader {
    /// Puts a delta net in place of attention in the layers that the file names, or in all but each fourth.
    func readDeltaNet(_ configuration: inout ModelConfiguration, repeatsKeys: Bool) throws {
        let limit = 1...4096
        let net = DeltaNet(
            keyHeadCount: try integer("%.ssm.group_count", in: limit),
            valueHeadCount: try integer("%.ssm.time_step_rank", in: limit),
            headWidth: try integer("%.ssm.state_size", in: limit),
            convolutionLength: try integer("%.ssm.conv_kernel", in: 1...Graph.convolutionLimit),
            repeatsKeys: repeatsKeys)
        guard net.valueHeadCount % net.keyHeadCount == 0 else {
            throw invalid(
                "%.ssm.group_count",
                "is \(net.keyHeadCount), which does not divide ssm.time_step_rank \(net.valueHeadCount)")
        }
        let inner = try integer("%.ssm.inner_size", in: 1...16_777_216)
        guard inner == net.outputWidth else {
            throw invalid(
                "%.ssm.inner_size", "is \(inner), expected \(net.outputWidth) (ssm.time_step_rank * ssm.state_size)")
        }
        let interval = try optionalInteger("%.full_attention_interval", in: 1...1024) ?? 4
        let layers = configuration.layerCount + configuration.predictingLayers.count
        let named = try integers("%.attention.recurrent_layers", count: layers, in: 0...1)
        for layer in 0..<configuration.layerCount
        where named.map({ $0[layer] == 1 }) ?? ((layer + 1) % interval != 0) {
            configuration.attention[layer] = .init(
                headCount: net.valueHeadCount, keyValueHeadCount: 0, headWidth: net.headWidth, deltaNet: net)
        }
    }
}
