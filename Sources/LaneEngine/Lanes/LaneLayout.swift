import TensorGraph

/// How the tokens of a batch lie as columns: one group after the other, in a group lane after lane, in a lane token after
/// token. A sequence alone is one group.
struct LaneLayout: Hashable {
    /// Tokens with equally many lanes under one rule; there may be none.
    struct Group: Hashable {
        var tokenCount: Int
        var laneCount: Int
        var rule: PropagationRule

        var size: LaneGroup { LaneGroup(tokenCount: tokenCount, laneCount: laneCount) }
    }

    var groups: [Group]

    var columnCount: Int { groups.reduce(0) { $0 + $1.size.columnCount } }
    var tokenCount: Int { groups.reduce(0) { $0 + $1.tokenCount } }
    var mostLanes: Int { groups.map(\.laneCount).max() ?? 1 }

    /// The columns of each group.
    var ranges: [Range<Int>] {
        var end = 0
        return groups.map { group in
            defer { end += group.size.columnCount }
            return end..<end + group.size.columnCount
        }
    }

    /// `values` of each group's tokens, once for each of its lanes.
    func perColumn<Value>(_ values: [[Value]]) -> [Value] {
        zip(groups, values).flatMap { group, values in (0..<group.laneCount).flatMap { _ in values } }
    }
}

/// The columns of a graph: those of all new tokens, and those of the tokens whose output is wanted, which alone are left in the
/// last layer.
struct LaneColumns {
    let graph: Graph
    let all, wanted: LaneLayout

    /// How the columns of an activation `[width, heads, columns]` lie.
    func layout(of x: Tensor) -> LaneLayout { layout(columnCount: x.shape[2]) }
    /// What is neither of them are primals alone.
    func layout(columnCount: Int) -> LaneLayout {
        [all, wanted].first { $0.columnCount == columnCount }
            ?? LaneLayout(groups: [.init(tokenCount: columnCount, laneCount: 1, rule: .attnLRP)])
    }

    /// The groups' parts of an activation, each `[width, heads, tokens, lanes]`; nil for a group without tokens.
    func groups(of x: Tensor) -> [Tensor?] {
        let layout = layout(of: x)
        return zip(layout.groups, layout.ranges).map { group, range in
            guard !range.isEmpty else { return nil }
            let part = range.count == x.shape[2] ? x : graph.slice(x, axis: 2, range)
            return graph.reshape(part, x.shape[0], x.shape[1], group.tokenCount, group.laneCount)
        }
    }

    /// The other way round: an activation of parts `[width, heads, tokens, lanes]`.
    func joined(_ groups: [Tensor]) -> Tensor {
        let columns = groups.map { graph.reshape($0, $0.shape[0], $0.shape[1], $0.shape[2] * $0.shape[3]) }
        return columns.dropFirst().reduce(columns[0]) { graph.concatenate($0, $1, axis: 2) }
    }

    /// What `body` makes of each group's part of an activation, `[width, heads, tokens, lanes]`.
    func eachGroup(_ x: Tensor, _ body: (LaneContext, Tensor) -> Tensor) -> Tensor {
        eachGroup(x, x) { context, part, _ in body(context, part) }
    }

    /// The same for two activations.
    func eachGroup(_ x: Tensor, _ y: Tensor, _ body: (LaneContext, Tensor, Tensor) -> Tensor) -> Tensor {
        let contexts = layout(of: x).groups.map { LaneContext(graph: graph, rule: $0.rule) }
        let parts = zip(contexts, zip(groups(of: x), groups(of: y))).compactMap { context, parts -> Tensor? in
            guard let a = parts.0, let b = parts.1 else { return nil }
            return body(context, a, b)
        }
        return joined(parts)
    }

    /// The primal's columns of an activation.
    func primal(_ x: Tensor) -> Tensor {
        layout(of: x).mostLanes == 1 ? x : eachGroup(x) { context, part in context.primal(part) }
    }
}

/// The lanes of one group, `[width, heads, tokens, lanes]`.
struct LaneContext {
    let graph: Graph
    let rule: PropagationRule

    func primal(_ x: Tensor) -> Tensor { lane(x, 0) }
    func lane(_ x: Tensor, _ index: Int) -> Tensor { graph.slice(x, axis: 3, index..<index + 1) }
    func tangents(_ x: Tensor) -> Tensor { graph.slice(x, axis: 3, 1..<x.shape[3]) }

    /// The primal with a constant added, which has no part in the tangents.
    func biased(_ x: Tensor, _ bias: Tensor) -> Tensor {
        graph.add(x, x.shape[3] == 1 ? bias : graph.padded(bias, axis: 3, to: x.shape[3]))
    }

    /// What becomes of `x`: its primal and its tangents side by side again. The tangents aren't asked for where it has none.
    func joined(of x: Tensor, _ primal: Tensor, tangents: () -> Tensor) -> Tensor {
        x.shape[3] == 1 ? primal : graph.concatenate(primal, tangents(), axis: 3)
    }
}
