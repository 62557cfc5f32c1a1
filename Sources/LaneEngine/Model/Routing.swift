import TensorGraph

/// How a router's logits become the choice of experts and their weights.
struct Routing: Sendable, Hashable {
    enum Gating: Sendable, Hashable {
        /// A softmax over all experts.
        case softmax
        /// A softmax over the chosen ones.
        case softmaxOfChosen
        /// The sigmoid of each logit.
        case sigmoid
    }

    var gating = Gating.softmax
    /// Experts that each token is sent to.
    var chosenCount: Int
    /// Experts are chosen in the best of so many groups of equal size (DeepSeek-V3, arXiv 2412.19437); nil where all compete.
    var groups: Groups?
    /// Whether the chosen experts' weights are divided by their sum.
    var normalises = false
    /// Factor on the weights.
    var scale: Float = 1
    /// Whether the weights multiply what experts read, in place of what they make of it (Llama 4).
    var weighsInputs = false

    struct Groups: Sendable, Hashable {
        var count: Int
        var chosenCount: Int
    }
}

/// The experts of each token and their weights, and how the weights change with the router's logits: by the derivative, with
/// the choice of experts a constant.
struct RoutedExperts {
    /// int32 `[chosen, tokens]`.
    let experts: Tensor
    /// `[1, chosen, tokens]`.
    let weights: Tensor
    private let graph: Graph
    private let routing: Routing
    /// What the gating makes of all logits, `[experts, tokens]`.
    private let gates: Tensor
    /// Before ``Routing/scale``, `[chosen, tokens]`.
    private let shares: Tensor
    /// `[1, tokens]` where shares are normalised.
    private let total: Tensor?

    /// - Parameters:
    ///   - logits: `[experts, tokens]`.
    ///   - selectionBias: `[experts]`, added to the gates for the choice alone (DeepSeek-V3, arXiv 2412.19437).
    init(_ logits: Tensor, _ routing: Routing, selectionBias: Tensor?, in graph: Graph) {
        self.graph = graph
        self.routing = routing
        let gates =
            switch routing.gating {
            case .softmax: graph.softmax(logits)
            case .sigmoid: graph.sigmoid(logits)
            case .softmaxOfChosen: logits
            }
        graph.keepValues(of: gates)
        self.gates = gates
        // Sorting needs numbers: a logit that is none becomes one here, and makes the weights none.
        let selection = graph.clamped(selectionBias.map { graph.add(gates, $0) } ?? gates, from: -1e30, to: 1e30)
        let experts = graph.indicesOfLargest(
            routing.groups.map { Self.best($0, of: selection, in: graph) } ?? selection, count: routing.chosenCount)
        self.experts = experts
        let chosen = graph.elements(gates, at: experts)
        var shares = routing.gating == .softmaxOfChosen ? graph.softmax(chosen) : chosen
        let total = routing.normalises ? graph.clamped(graph.sumOfRows(shares), from: Self.smallestTotal) : nil
        self.total = total
        if let total { shares = graph.divide(shares, total) }
        self.shares = shares
        graph.keepValues(of: shares)
        weights = graph.reshape(graph.scale(shares, by: routing.scale), 1, routing.chosenCount, logits.shape[1])
    }

    /// What experts in the best groups are chosen by; none of the others is. A group is as good as its best two experts.
    private static func best(_ groups: Routing.Groups, of selection: Tensor, in graph: Graph) -> Tensor {
        let (count, tokens) = (selection.shape[0], selection.shape[1])
        let width = count / groups.count
        let columns = graph.reshape(selection, width, groups.count * tokens)
        let best = graph.elements(columns, at: graph.indicesOfLargest(columns, count: min(2, width)))
        let chosen = graph.indicesOfLargest(
            graph.reshape(graph.sumOfRows(best), groups.count, tokens), count: groups.chosenCount)
        let perGroup = graph.reshape(selection, width, groups.count, tokens)
        let kept = graph.writeRows(
            graph.rows(perGroup, chosen), into: graph.filled(perGroup, with: -.greatestFiniteMagnitude), at: chosen)
        return graph.reshape(kept, count, tokens)
    }

    /// As in llama.cpp, the smallest normal number of float16.
    private static let smallestTotal: Float = 6.103515625e-5

    /// The tangent of the weights, `[1, chosen, tokens]`, for one of the logits, `[experts, tokens]`.
    func tangent(_ logits: Tensor) -> Tensor {
        let chosen = throughShares(graph.elements(throughGates(logits), at: experts), isTransposed: false)
        return graph.reshape(graph.scale(chosen, by: routing.scale), 1, routing.chosenCount, logits.shape[1])
    }

    /// The adjoint of the logits, `[experts, tokens]`, for one of the weights, `[1, chosen, tokens]`.
    func adjoint(_ weights: Tensor) -> Tensor {
        let columns = graph.reshape(weights, routing.chosenCount, weights.shape[2])
        let chosen = throughShares(graph.scale(columns, by: routing.scale), isTransposed: true)
        return throughGates(graph.scattered(chosen, to: experts, like: gates))
    }

    /// The gating's Jacobian, which is symmetric.
    private func throughGates(_ x: Tensor) -> Tensor {
        switch routing.gating {
        case .softmax: graph.softmaxJacobian(graph.contiguous(x), at: gates, scale: 1)
        case .sigmoid: graph.multiply(x, graph.subtract(gates, graph.square(gates)))
        case .softmaxOfChosen: x
        }
    }

    /// The Jacobian of what is done to the chosen gates, or its transpose.
    private func throughShares(_ x: Tensor, isTransposed: Bool) -> Tensor {
        if routing.gating == .softmaxOfChosen { return graph.softmaxJacobian(x, at: shares, scale: 1) }
        guard let total else { return x }
        // shares = gates / total: d shares = (d gates - shares * sum(d gates)) / total.
        let common =
            isTransposed
            ? graph.repeated(graph.sumOfRows(graph.multiply(x, shares)), x.shape[0], x.shape[1], 1, 1)
            : graph.multiply(shares, graph.sumOfRows(x))
        return graph.divide(graph.subtract(x, common), total)
    }
}
