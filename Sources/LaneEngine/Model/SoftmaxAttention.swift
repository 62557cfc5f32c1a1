import TensorGraph

/// What softmax attention may differ in from layer to layer.
struct SoftmaxAttention {
    var keyValueHeadCount: Int
    /// Factor on `q.k`.
    var scale: Float
    /// Positions that a query sees, itself included; nil for all.
    var slidingWindow: Int?
    /// Scores are soft-capped at this, after the factor (Gemma 2, arXiv 2408.00118).
    var softcap: Float?
    /// `[heads]`, for each head a logit that takes its share of the attention and leads nowhere (gpt-oss, arXiv 2508.10925).
    var sinks: Tensor?
    /// Whether later layers attend over its keys and values.
    var servesOtherLayers = false
}

/// The scores of some queries, and what a change of `q.k` changes in them.
struct AttentionScores {
    let value: Tensor
    /// The tangent of a score for one of `q.k`: `scale`, times `slope` where there is one.
    let scale: Float
    private let slope: Tensor?

    /// - Parameter products: `q.k`.
    init(_ products: Tensor, _ attention: SoftmaxAttention, _ rule: PropagationRule, in graph: Graph) {
        guard let softcap = attention.softcap else {
            (value, scale, slope) = (products, attention.scale, nil)
            return
        }
        let function = ActivationFunction.softcapped(softcap)
        let scaled = graph.scale(products, by: attention.scale)
        let gate = function.gate(scaled, in: graph)
        let capped = graph.multiply(scaled, gate)
        value = capped
        scale = 1
        slope = graph.scale(
            function.slope(scaled, gate: gate, activated: capped, rule.activation, in: graph), by: attention.scale)
    }

    /// What `scale` leaves to be done to a tangent of `q.k`, or to an adjoint of the scores.
    func scaled(_ tangent: Tensor, in graph: Graph) -> Tensor { slope.map { graph.multiply(tangent, $0) } ?? tangent }
}
