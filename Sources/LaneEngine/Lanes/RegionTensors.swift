import TensorGraph

/// The weights of regions inside a model, for each place where one begins, as tensors in the CPU's memory.
final class RegionTensors {
    /// Features of the residual stream behind a layer, and directions, which are features that read and write along one vector.
    struct Features {
        /// `[width, features]`.
        let encoders, decoders: Tensor
        /// `[features]`.
        let biases, thresholds: Tensor
        /// `[features, 1, 1, tangent lanes]`.
        let weights: Tensor
    }

    /// Of each layer, `[1, 1, heads, tangent lanes]`.
    private(set) var heads: [Int: Tensor] = [:]
    /// Of each layer, `[neurons, 1, 1, tangent lanes]`.
    private(set) var neurons: [Int: Tensor] = [:]
    private(set) var features: [Int: Features] = [:]
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
        let ownFeatures = regions.map { region in
            region.features.merging(region.directions.map { (RegionOfInterest.Feature($0), $1) }, uniquingKeysWith: +)
        }
        let all = Set(ownFeatures.flatMap(\.keys))
        for layer in Set(all.map(\.layer)).sorted() {
            // In an order of their own, so that sums are the same each time.
            let own = all.filter { $0.layer == layer }.sorted { a, b in
                a.encoder == b.encoder
                    ? a.decoder.lexicographicallyPrecedes(b.decoder)
                    : a.encoder.lexicographicallyPrecedes(b.encoder)
            }
            let width = model.configuration.embeddingLength
            features[layer] = Features(
                encoders: try tensor([width, own.count]) { index, _ in Double(own[index / width].encoder[index % width])
                },
                decoders: try tensor([width, own.count]) { index, _ in Double(own[index / width].decoder[index % width])
                },
                biases: try tensor([own.count]) { index, _ in Double(own[index].bias) },
                thresholds: try tensor([own.count]) { index, _ in Double(own[index].threshold) },
                weights: try tensor([own.count, 1, 1, regions.count]) { ownFeatures[$1][own[$0]] ?? 0 })
        }
    }

    /// Where regions begin behind attention.
    var places: Set<RegionPlace> {
        Set(
            neurons.keys.map { RegionPlace(layer: $0, kind: .neurons) }
                + features.keys.map { RegionPlace(layer: $0, kind: .residualStream) })
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
