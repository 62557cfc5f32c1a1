/// What lies inside the layers: read, and taken away.
extension ReverseAttribution {
    /// What is read inside the layers besides heads, which takes a little more time.
    public struct Inside: Sendable, Hashable {
        /// Whether the relevance of every neuron is read.
        public var hasNeurons: Bool
        /// Directions whose relevance is read.
        public var directions: Set<RegionOfInterest.Direction>
        /// Features whose relevance is read.
        public var features: Set<RegionOfInterest.Feature>

        /// By default nothing.
        public init(
            hasNeurons: Bool = false, directions: Set<RegionOfInterest.Direction> = [],
            features: Set<RegionOfInterest.Feature> = []
        ) {
            self.hasNeurons = hasNeurons
            self.directions = directions
            self.features = features
        }

        /// What ``Attribution/relevance(of:)`` needs for these regions.
        public init(for regions: [RegionOfInterest]) {
            self.init(
                hasNeurons: regions.contains { !$0.neurons.isEmpty },
                directions: Set(regions.flatMap(\.directions.keys)),
                features: Set(regions.flatMap(\.features.keys)))
        }
    }

    /// Parts of the model's input and inside that are taken away, to see what hangs on them.
    public struct Ablation: Sendable, Hashable {
        /// Positions whose embeddings are zero.
        public var tokens: Set<Int>
        /// Heads whose outputs are zero at all positions, or their ``means``.
        public var heads: Set<RegionOfInterest.Head>
        /// Neurons that are zero at all positions, or their ``means``.
        public var neurons: Set<RegionOfInterest.Neuron>
        /// What takes the place of heads and neurons at all positions but the first, which sees nothing but itself; nil for zero
        /// at all of them.
        public var means: Means?

        /// What is taken away; by default nothing.
        public init(
            tokens: Set<Int> = [], heads: Set<RegionOfInterest.Head> = [], neurons: Set<RegionOfInterest.Neuron> = [],
            means: Means? = nil
        ) {
            self.tokens = tokens
            self.heads = heads
            self.neurons = neurons
            self.means = means
        }
    }

    /// Activations of each layer, averaged over positions and sequences.
    public struct Means: Sendable, Hashable {
        /// The heads' outputs side by side, and the neurons, `[layers][width]`; empty where a layer has none.
        public fileprivate(set) var heads, neurons: [[Float]]

        /// The mean over several sequences, each with the same weight; nil for none.
        public init?(_ means: [Means]) {
            guard let first = means.first else { return nil }
            func mean(_ path: KeyPath<Means, [[Float]]>) -> [[Float]] {
                first[keyPath: path].indices.map { layer in
                    first[keyPath: path][layer].indices.map { index in
                        means.reduce(0) { $0 + $1[keyPath: path][layer][index] } / Float(means.count)
                    }
                }
            }
            self.init(heads: mean(\.heads), neurons: mean(\.neurons))
        }

        fileprivate init(heads: [[Float]], neurons: [[Float]]) {
            self.heads = heads
            self.neurons = neurons
        }
    }

    /// The residual stream behind a layer at a position, as wide as the model.
    package func residualStream(behind layer: Int, at position: Int) -> [Float] {
        let width = model.configuration.embeddingLength
        return Array(residualStream[layer + 1][position * width..<(position + 1) * width])
    }

    /// Activations of the sequence, averaged over its positions but the first.
    /// - Throws: ``TensorGraphError`` where memory is short.
    public func means() throws -> Means {
        var means = Means(heads: [], neurons: [])
        for layer in 0..<model.configuration.layerCount {
            let activations = try reverseLayer(layer).output(residualStream[layer], reading: [.heads, .neurons])
                .activations
            means.heads.append(mean(activations[.heads] ?? []))
            means.neurons.append(mean(activations[.neurons] ?? []))
        }
        return means
    }

    /// - Parameter activation: `[tokens * width]`.
    private func mean(_ activation: [Float]) -> [Float] {
        let columns = activation.split(into: max(1, activation.count / tokens.count))
        guard let first = columns.first else { return [] }
        let others = columns.count > 1 ? columns.dropFirst() : columns[...]
        return first.indices.map { index in others.reduce(0) { $0 + $1[index] } / Float(others.count) }
    }
}

extension RegionOfInterest.Feature {
    /// A direction as the feature that reads and writes along it, whatever the sign.
    init(_ direction: RegionOfInterest.Direction) {
        let unit = direction.unit
        self.init(
            layer: direction.layer, encoder: unit, threshold: -.greatestFiniteMagnitude, decoder: unit)
    }

    /// `a(x) <decoder, adjoint>` at each position, summed.
    /// - Parameters:
    ///   - stream: the residual stream behind the layer, `[tokens * width]`; `adjoint` likewise.
    func relevance(of stream: [Float], adjoint: [Float]) -> Double {
        func product(_ row: [Float], _ x: ArraySlice<Float>) -> Double {
            zip(row, x).reduce(0) { $0 + Double($1.0) * Double($1.1) }
        }
        return stride(from: 0, to: stream.count, by: encoder.count).reduce(0) { sum, start in
            let position = start..<start + encoder.count
            let activation = product(encoder, stream[position]) + Double(bias)
            return activation > Double(threshold) ? sum + activation * product(decoder, adjoint[position]) : sum
        }
    }
}
