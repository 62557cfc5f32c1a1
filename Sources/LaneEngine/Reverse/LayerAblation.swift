import TensorGraph

/// What is taken away inside one layer: elements of activations, and what takes their place.
struct LayerAblation {
    /// For each place what becomes of an activation's elements; both are as long as the activation is wide.
    struct Elements {
        /// Whether an element goes.
        let isGone: [Bool]
        /// What takes its place, at all positions but the first; nil for zero at all of them.
        let means: [Float]?
    }

    private var elements: [RegionPlace.Kind: Elements] = [:]

    init() {}

    init(_ ablation: ReverseAttribution.Ablation, layer: Int, of model: LanguageModel) {
        let shape = model.configuration.attention[layer]
        let heads = Set(ablation.heads.filter { $0.layer == layer }.map(\.head))
        if !heads.isEmpty, shape.headCount > 0 {
            elements[.heads] = Elements(
                isGone: (0..<shape.headCount * shape.headWidth).map { heads.contains($0 / shape.headWidth) },
                means: ablation.means?.heads[layer])
        }
        let neurons = Set(ablation.neurons.filter { $0.layer == layer }.map(\.index))
        if !neurons.isEmpty {
            elements[.neurons] = Elements(
                isGone: (0..<model.neuronCount(layer: layer)).map(neurons.contains),
                means: ablation.means?.neurons[layer])
        }
    }

    func replacements(in graph: Graph, tokenCount: Int) -> [RegionPlace.Kind: ReverseTape.Replacement] {
        elements.mapValues { elements in
            func input(_ name: String) -> Tensor {
                let tensor = graph.input(.float32, elements.isGone.count, 1, tokenCount, name: name)
                // What is sent back may not need it, but it is written.
                graph.include(tensor)
                return tensor
            }
            return ReverseTape.Replacement(kept: input("kept elements"), value: input("other elements"))
        }
    }

    func write(_ replacements: [RegionPlace.Kind: ReverseTape.Replacement], tokenCount: Int) {
        for (place, replacement) in replacements {
            guard let elements = elements[place] else { continue }
            let kept = elements.isGone.map { $0 ? 0 : 1 as Float }
            let values = zip(elements.isGone, elements.means ?? []).map { $0 ? $1 : 0 }
            let whole = [Float](repeating: 1, count: kept.count)
            let nothing = [Float](repeating: 0, count: kept.count)
            let spared = values.isEmpty ? 0 : 1
            replacement.kept.write((0..<tokenCount).flatMap { $0 < spared ? whole : kept })
            replacement.value.write((0..<tokenCount).flatMap { $0 < spared || values.isEmpty ? nothing : values })
        }
    }
}
