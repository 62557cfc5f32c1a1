import AttributionGuidedDecoding

/// The contrast of every neuron and head on some pairs: its relevance for `z(right) - z(wrong)`, averaged over a pair's prompts.
struct CircuitRelevance {
    /// A number for each part of each layer.
    typealias Layers = [[Double]]

    /// Of one prompt.
    struct Side {
        let neurons, heads: Layers

        init(right: Attribution, wrong: Attribution) {
            neurons = CircuitRelevance.sum(right.neurons, wrong.neurons, weight: -1)
            heads = CircuitRelevance.sum(
                right.heads.map(\.allPositions), wrong.heads.map(\.allPositions), weight: -1)
        }

        init(neurons: Layers, heads: Layers) {
            self.neurons = neurons
            self.heads = heads
        }
    }

    /// Of each pair, two sides.
    private var pairs: [[Side]] = []

    mutating func append(_ sides: [Side]) { pairs.append(sides) }

    /// A neuron's contrast on each pair.
    func values(of neuron: RegionOfInterest.Neuron) -> [Double] {
        values { (side: Side) -> Double in side.neurons[neuron.layer][neuron.index] }
    }

    /// Whether more of a neuron's contrast comes from the pairs' first prompts than from the other ones.
    func isOfFirst(_ neuron: RegionOfInterest.Neuron) -> Bool {
        var balance = 0.0
        for sides in pairs {
            for (index, side) in sides.enumerated() {
                balance += (index == 0 ? 1 : -1) * side.neurons[neuron.layer][neuron.index]
            }
        }
        return balance >= 0
    }

    /// All neurons by falling mean contrast.
    var ranking: [RegionOfInterest.Neuron] {
        Self.ranking(of: total(\.neurons)).map { RegionOfInterest.Neuron(layer: $0.layer, index: $0.number) }
    }

    /// The heads with the largest mean contrast, with that on each pair.
    func strongestHeads(_ count: Int) -> [(head: RegionOfInterest.Head, values: [Double])] {
        Self.ranking(of: total(\.heads)).prefix(count).map { place in
            let head = RegionOfInterest.Head(layer: place.layer, head: place.number)
            return (head, values { (side: Side) -> Double in side.heads[head.layer][head.head] })
        }
    }

    private func values(_ value: (Side) -> Double) -> [Double] {
        pairs.map { (sides: [Side]) -> Double in
            var sum = 0.0
            for side in sides { sum += value(side) }
            return sum / Double(sides.count)
        }
    }

    private func total(_ path: KeyPath<Side, Layers>) -> Layers {
        var total: Layers?
        for side in pairs.joined() {
            total = total.map { Self.sum($0, side[keyPath: path], weight: 1) } ?? side[keyPath: path]
        }
        return total ?? []
    }

    /// Places by falling value; of equal ones the earlier first.
    private static func ranking(of values: Layers) -> [(layer: Int, number: Int)] {
        var places: [(layer: Int, number: Int)] = []
        for (layer, row) in values.enumerated() { places += row.indices.map { (layer, $0) } }
        return places.sorted { a, b in
            let (first, second) = (values[a.layer][a.number], values[b.layer][b.number])
            return first == second ? (a.layer, a.number) < (b.layer, b.number) : first > second
        }
    }

    /// `a + weight * b`.
    private static func sum(_ a: Layers, _ b: Layers, weight: Double) -> Layers {
        var sum = a
        for (layer, row) in b.enumerated() {
            for (index, value) in row.enumerated() { sum[layer][index] += weight * value }
        }
        return sum
    }
}
