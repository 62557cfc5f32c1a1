import TensorGraph

/// The weights of regions inside a model, for each place where one begins, as tensors in the CPU's memory.
final class RegionTensors {
    /// Directions of the residual stream behind a layer.
    struct Directions {
        /// `[width, directions]`, each of length 1.
        let units: Tensor
        /// `[directions, 1, 1, tangent lanes]`.
        let weights: Tensor
    }

    /// Of each layer, `[1, 1, heads, tangent lanes]`.
    private(set) var heads: [Int: Tensor] = [:]
    /// Of each layer, `[neurons, 1, 1, tangent lanes]`.
    private(set) var neurons: [Int: Tensor] = [:]
    private(set) var directions: [Int: Directions] = [:]
    private var buffers: [TensorBuffer] = []

    /// - Parameter regions: of each tangent lane.
    init(_ model: LanguageModel, _ regions: [RegionOfInterest]) throws {
        for layer in Set(regions.flatMap { $0.heads.keys.map(\.layer) }).sorted() {
            let count = model.configuration.attention[layer].headCount
            heads[layer] = try tensor([1, 1, count, regions.count]) { index, lane in
                regions[lane].heads[.init(layer: layer, head: index)] ?? 0
            }
        }
        for layer in Set(regions.flatMap { $0.neurons.keys.map(\.layer) }).sorted() {
            neurons[layer] = try tensor([model.neuronCount(layer: layer), 1, 1, regions.count]) { index, lane in
                regions[lane].neurons[.init(layer: layer, index: index)] ?? 0
            }
        }
        let all = Set(regions.flatMap(\.directions.keys))
        for layer in Set(all.map(\.layer)).sorted() {
            // In an order of their own, so that sums are the same each time.
            let own = all.filter { $0.layer == layer }.sorted { $0.vector.lexicographicallyPrecedes($1.vector) }
            let width = model.configuration.embeddingLength
            let units = own.map(\.unit)
            directions[layer] = Directions(
                units: try tensor([width, own.count]) { index, _ in Double(units[index / width][index % width]) },
                weights: try tensor([own.count, 1, 1, regions.count]) { regions[$1].directions[own[$0]] ?? 0 })
        }
    }

    /// Where regions begin behind attention.
    var places: Set<RegionPlace> {
        Set(
            neurons.keys.map { RegionPlace(layer: $0, kind: .neurons) }
                + directions.keys.map { RegionPlace(layer: $0, kind: .residualStream) })
    }

    /// - Parameters:
    ///   - shape: the last dimension of four counts lanes.
    ///   - value: of an element of a lane.
    private func tensor(_ shape: [Int], _ value: (_ element: Int, _ lane: Int) -> Double) throws -> Tensor {
        let buffer = try TensorBuffer([(.float32, shape)], on: .cpu, purpose: "weights of regions")
        buffers.append(buffer)
        let lanes = shape.count == 4 ? shape[3] : 1
        let count = shape.reduce(1, *) / lanes
        buffer.tensors[0].write((0..<lanes).flatMap { lane in (0..<count).map { Float(value($0, lane)) } })
        return buffer.tensors[0]
    }
}

extension RegionOfInterest.Direction {
    /// The vector at length 1.
    var unit: [Float] {
        let largest = vector.reduce(0) { max($0, abs($1)) }
        let length = vector.reduce(0.0) { $0 + (Double($1) / Double(largest)) * (Double($1) / Double(largest)) }
            .squareRoot()
        return vector.map { Float(Double($0) / Double(largest) / length) }
    }
}
