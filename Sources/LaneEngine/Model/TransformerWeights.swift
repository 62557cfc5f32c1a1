import TensorGraph

/// The weights of a model as tensors, under the names of their roles.
package struct TransformerWeights: Sendable {
    struct Layer: Sendable {
        var attentionNorm, postAttentionNorm, feedForwardNorm, postFeedForwardNorm: NormWeights?
        var attention: AttentionWeights
        var feedForward: FeedForward
        var ropeFactors: RopeFactors?
    }

    /// `[embeddingLength, vocabularySize]`, for looking up rows.
    let embedding: Tensor
    let layers: [Layer]
    let outputNorm: NormWeights
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

struct AttentionWeights: Sendable {
    var query, key, value, output: LinearWeights
    var queryNorm, keyNorm: NormWeights?
    var sinks: Tensor?
}

/// The matrices of a gated network `down(a(gate(x)) * up(x))`, or without a gate of `down(a(up(x)))`.
struct FeedForwardWeights: Sendable {
    var gate: LinearWeights?
    var up, down: LinearWeights
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

enum FeedForward: Sendable {
    case dense(FeedForwardWeights)
    case experts(ExpertWeights)
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
        layer.attention.query = try transform(attention.query)
        layer.attention.key = try transform(attention.key)
        layer.attention.value = try transform(attention.value)
        layer.attention.output = try transform(attention.output)
        switch feedForward {
        case .dense(let network): layer.feedForward = .dense(try network.mapMatrices(transform))
        case .experts(var mixture):
            mixture.router = try transform(mixture.router)
            mixture.experts = try mixture.experts.mapMatrices(transform)
            mixture.shared = try mixture.shared?.mapMatrices(transform)
            mixture.sharedRouter = try mixture.sharedRouter.map(transform)
            layer.feedForward = .experts(mixture)
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

extension FeedForwardWeights {
    func mapMatrices(_ transform: (LinearWeights) throws -> LinearWeights) rethrows -> Self {
        FeedForwardWeights(gate: try gate.map(transform), up: try transform(up), down: try transform(down))
    }
}

extension TransformerWeights {
    /// Bytes of all matrices that a decoding step reads, those of all experts included.
    package var bytesPerToken: Int {
        layers.reduce(output.byteCount) { sum, layer in
            layer.matrices.reduce(sum) { $0 + $1.byteCount }
        }
    }

    /// Whether all matrices are stored in float32.
    package var isExact: Bool { layers.allSatisfy { $0.matrices.allSatisfy { $0.mapped.type == .float32 } } }
}
