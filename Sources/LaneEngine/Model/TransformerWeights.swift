import TensorGraph

/// The weights of a model as tensors, under the names of their roles.
package struct TransformerWeights: Sendable {
    struct Layer: Sendable {
        var attentionNorm, postAttentionNorm, feedForwardNorm, postFeedForwardNorm: NormWeights?
        /// Nil where the layer has no attention.
        var attention: AttentionWeights?
        /// Nil where the layer has no feed-forward network.
        var feedForward: FeedForward?
        var ropeFactors: RopeFactors?
        /// Nil where tokens have no embeddings for each layer.
        var perLayerInput: PerLayerInput?
        /// Factor on the layer's output.
        var outputScale: Float = 1
    }

    /// `[embeddingLength, vocabularySize]`, for looking up rows.
    let embedding: Tensor
    /// Nil where there are none; on the CPU.
    let perLayerEmbeddings: PerLayerEmbeddings?
    let layers: [Layer]
    let outputNorm: NormWeights
    /// The same as the CPU reads them, whatever lies on devices: in the mapped file.
    let layersOnCPU: [Layer]
    let outputNormOnCPU: NormWeights
    let output: LinearWeights
    /// Where the rows of the output matrix lie in the file, to score a few candidates without a full product.
    let outputRows: GGUFFile.TensorDescription
    let store: WeightStore
}

/// A linear layer `scale * W x + b`, or where the scale belongs to the bias too `scale * (W x + b)`; `weight` is `[in, out]`,
/// or of experts `[in, out, experts]`.
struct LinearWeights: Sendable {
    var weight: Tensor
    /// `weight` as it lies in the file: kernels for the transposed product don't know the layouts of other devices.
    var mapped: Tensor
    /// `weight` in the layout of the kernels for all lanes, where there is one.
    var panels: WeightPanels.Matrix?
    /// `[out]`, or of experts `[out, experts]`.
    var bias: Tensor?
    /// `[1]`, or of experts `[experts]`.
    var scale: Tensor?
    var scalesBias = false

    /// Bytes that a product reads.
    var byteCount: Int { panels?.byteCount ?? weight.byteCount }

    /// The bias, where it is added to the product as it is.
    var productBias: Tensor? { scale == nil || scalesBias ? bias : nil }

    /// What is left for a product where bias and scale are applied to its result.
    var unbiased: LinearWeights { LinearWeights(weight: weight, mapped: mapped, panels: panels) }
}

struct NormWeights: Sendable {
    enum Kind: Sendable {
        case rms, layer
    }

    /// `[width]`, or of queries and keys `[headWidth]`, `[headWidth, heads]` or `[headWidth * heads]`.
    var gain: Tensor?
    var bias: Tensor?
}

enum AttentionWeights: Sendable {
    case heads(HeadWeights)
    case latent(LatentWeights)
    case deltaNet(DeltaNetWeights)
    /// A matrix in place of attention (DeciLM).
    case linear(LinearWeights)
}

struct HeadWeights: Sendable {
    var query: LinearWeights
    /// Nil where the layer attends over the keys and values of an earlier one.
    var key: LinearWeights?
    /// Nil where keys, before their norm, serve as values.
    var value: LinearWeights?
    var output: LinearWeights
    var queryNorm, keyNorm, valueNorm: NormWeights?
    var sinks: Tensor?
}

/// The matrices of ``LatentAttention``.
struct LatentWeights: Sendable {
    /// From the input to the latent elements of queries, and their norm.
    var queryDown: LinearWeights?
    var queryNorm: NormWeights?
    /// From these, or from the input, to the queries of all heads.
    var query: LinearWeights
    /// From the input to the latent elements and the rotated part that all heads share.
    var keyValueDown: LinearWeights
    var keyValueNorm: NormWeights
    /// `[keyWidth - rotatedWidth, rank, heads]`: what each head's query is multiplied with in place of its keys.
    var key: LinearWeights
    /// `[rank, valueWidth, heads]`: what makes each head's output from attended latent elements.
    var value: LinearWeights
    var output: LinearWeights
}

/// What a token's embeddings for each layer are made of: see ``Propagation/perLayerInputs(_:_:_:_:)``.
struct PerLayerEmbeddings: Sendable {
    /// `[layers * length, vocabularySize]`, for looking up rows, and where they lie in the file.
    var table: Tensor
    var rows: GGUFFile.TensorDescription
    /// `[embeddingLength, layers * length]`.
    var projection: LinearWeights
    /// `[length]`.
    var norm: NormWeights
}

/// How a token's embedding for a layer enters it.
struct PerLayerInput: Sendable {
    /// `[embeddingLength, length]`.
    var gate: LinearWeights
    /// `[length, embeddingLength]`.
    var projection: LinearWeights
    var norm: NormWeights
}

/// The matrices of a gated network `down(a(gate(x)) * up(x))`, or without a gate of `down(a(up(x)))`.
struct FeedForwardWeights: Sendable {
    var gate: LinearWeights?
    var up, down: LinearWeights
    /// Whether `up` has the gate's rows before its own.
    var isFused = false
}

struct ExpertWeights: Sendable {
    var router: LinearWeights
    /// `[experts]`, added to the router's verdict for the choice alone.
    var selectionBias: Tensor?
    var experts: FeedForwardWeights
    /// An expert that every token is sent to.
    var shared: FeedForwardWeights?
    /// `[in, 1]`: the weight of the shared expert; nil for 1.
    var sharedRouter: LinearWeights?
}

/// A dense network beside experts (Gemma 4): each with a norm on its output, the experts and their router also with norms of their
/// own on what the dense network reads through the layer's.
struct DenseAndExperts: Sendable {
    var dense: FeedForwardWeights
    var experts: ExpertWeights
    var denseNorm, expertInputNorm, expertNorm, routerNorm: NormWeights
}

enum FeedForward: Sendable {
    case dense(FeedForwardWeights)
    case experts(ExpertWeights)
    case denseAndExperts(DenseAndExperts)
}

/// Tables of factors on the rotary frequencies, `[dimensions / 2]`: one for any context, or one each for contexts up to the
/// original length and beyond it (LongRoPE, arXiv 2402.13753).
struct RopeFactors: Sendable {
    var short, long: Tensor?
}

extension TransformerWeights.Layer {
    /// The layer with `transform` applied to each of its matrices.
    func mapMatrices(_ transform: (LinearWeights) throws -> LinearWeights) rethrows -> Self {
        var layer = self
        layer.attention = try attention?.mapMatrices(transform)
        switch feedForward {
        case nil: break
        case .dense(let network): layer.feedForward = .dense(try network.mapMatrices(transform))
        case .experts(let mixture): layer.feedForward = .experts(try mixture.mapMatrices(transform))
        case .denseAndExperts(var both):
            both.dense = try both.dense.mapMatrices(transform)
            both.experts = try both.experts.mapMatrices(transform)
            layer.feedForward = .denseAndExperts(both)
        }
        if let input = perLayerInput {
            layer.perLayerInput?.gate = try transform(input.gate)
            layer.perLayerInput?.projection = try transform(input.projection)
        }
        return layer
    }

    var matrices: [LinearWeights] {
        var matrices: [LinearWeights] = []
        _ = mapMatrices {
            matrices.append($0)
            return $0
        }
        return matrices
    }
}

extension AttentionWeights {
    func mapMatrices(_ transform: (LinearWeights) throws -> LinearWeights) rethrows -> Self {
        switch self {
        case .heads(var weights):
            weights.query = try transform(weights.query)
            weights.key = try weights.key.map(transform)
            weights.value = try weights.value.map(transform)
            weights.output = try transform(weights.output)
            return .heads(weights)
        case .latent(var weights):
            weights.queryDown = try weights.queryDown.map(transform)
            weights.query = try transform(weights.query)
            weights.keyValueDown = try transform(weights.keyValueDown)
            weights.key = try transform(weights.key)
            weights.value = try transform(weights.value)
            weights.output = try transform(weights.output)
            return .latent(weights)
        case .deltaNet(var weights):
            weights.mixed = try transform(weights.mixed)
            weights.decay = try weights.decay.map(transform)
            weights.step = try transform(weights.step)
            weights.gate = try transform(weights.gate)
            weights.output = try transform(weights.output)
            return .deltaNet(weights)
        case .linear(let weights): return .linear(try transform(weights))
        }
    }
}

extension FeedForwardWeights {
    func mapMatrices(_ transform: (LinearWeights) throws -> LinearWeights) rethrows -> Self {
        FeedForwardWeights(
            gate: try gate.map(transform), up: try transform(up), down: try transform(down), isFused: isFused)
    }
}

extension ExpertWeights {
    func mapMatrices(_ transform: (LinearWeights) throws -> LinearWeights) rethrows -> Self {
        var mixture = self
        mixture.router = try transform(router)
        mixture.experts = try experts.mapMatrices(transform)
        mixture.shared = try shared?.mapMatrices(transform)
        mixture.sharedRouter = try sharedRouter.map(transform)
        return mixture
    }
}

extension TransformerWeights {
    /// All but the output matrix.
    private var matrices: [LinearWeights] {
        layers.flatMap(\.matrices) + (perLayerEmbeddings.map { [$0.projection] } ?? [])
    }

    /// Bytes of all matrices that a decoding step reads, those of all experts included.
    package var bytesPerToken: Int { matrices.reduce(output.byteCount) { $0 + $1.byteCount } }

    /// Whether all matrices lie in panels, so that what comes of a token is the same to the last bit however many are read with it.
    package var areAllInPanels: Bool { output.panels != nil && matrices.allSatisfy { $0.panels != nil } }

    /// Whether all matrices are stored in float32.
    package var isExact: Bool { matrices.allSatisfy { $0.mapped.type == .float32 } }
}
