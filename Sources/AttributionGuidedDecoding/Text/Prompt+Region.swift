extension Prompt {
    /// The region that the specifications name together; where they overlap their weights add up.
    ///
    /// A token that overlaps a span belongs to it. Template markers and BOS don't belong to a message, but `text:` and
    /// `tokens:` reach them.
    /// - Throws: ``RegionError``.
    public func region(_ specifications: [RegionSpecification]) throws -> RegionOfInterest {
        try MarkedPrompt(self, regions: specifications).region
    }

    /// The region that one or more specifications such as `system` or `text:"in French"=-0.5` name.
    /// - Throws: ``RegionError`` for a specification that is malformed or names nothing in the prompt.
    public func region(_ specifications: String...) throws -> RegionOfInterest {
        try region(specifications.map { (text) throws(RegionError) in try RegionSpecification(text) })
    }
}

extension RegionOfInterest {
    /// Checks that every part exists, that directions and features fit the model, and that weights are within ``largestWeight``.
    /// - Throws: ``RegionError`` for a part that isn't there, or a weight that is no finite number.
    public func validate(for model: LanguageModel, promptLength: Int) throws {
        let attention = model.configuration.attention
        if let position = tokens.keys.first(where: { $0 < 0 || $0 >= promptLength }) {
            throw RegionError.tokenOutOfRange(position: position, promptLength: promptLength)
        }
        func headCount(_ layer: Int) -> Int { attention.indices.contains(layer) ? attention[layer].headCount : 0 }
        if let head = heads.keys.first(where: { !(0..<headCount($0.layer)).contains($0.head) }) {
            let count = attention.indices.contains(head.layer) ? headCount(head.layer) : model.configuration.headCount
            throw RegionError.headOutOfRange(
                layer: head.layer, head: head.head, layerCount: attention.count, headCount: count)
        }
        func neuronCount(_ layer: Int) -> Int {
            attention.indices.contains(layer) ? model.neuronCount(layer: layer) : 0
        }
        if let neuron = neurons.keys.sorted().first(where: { !(0..<neuronCount($0.layer)).contains($0.index) }) {
            let nearest = min(max(0, neuron.layer), attention.count - 1)
            throw RegionError.neuronOutOfRange(
                layer: neuron.layer, index: neuron.index, layerCount: attention.count,
                neuronCount: neuronCount(nearest))
        }
        let width = model.configuration.embeddingLength
        for direction in directions.keys {
            guard attention.indices.contains(direction.layer), direction.vector.count == width else {
                throw RegionError.directionMismatch(
                    layer: direction.layer, length: direction.vector.count, layerCount: attention.count, width: width)
            }
            guard direction.vector.allSatisfy(\.isFinite), direction.vector.contains(where: { $0 != 0 }) else {
                throw RegionError.noDirection(layer: direction.layer)
            }
        }
        for feature in features.keys {
            let length = [feature.encoder.count, feature.decoder.count].first { $0 != width } ?? width
            guard attention.indices.contains(feature.layer), length == width else {
                throw RegionError.featureMismatch(
                    layer: feature.layer, length: length, layerCount: attention.count, width: width)
            }
            guard (feature.encoder + feature.decoder + [feature.bias, feature.threshold]).allSatisfy(\.isFinite) else {
                throw RegionError.noFeature(layer: feature.layer, index: feature.index)
            }
        }
        if let weight = weights.first(where: { !(abs($0) <= Self.largestWeight) }) {
            throw RegionError.weightOutOfRange(weight)
        }
    }
}
